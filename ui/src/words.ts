/**
 * All words of the window, by key: the catalogue `locales/{language}.ftl`, which tray and notifications share.
 *
 * - A key that a language lacks is taken from English, and one that English lacks shows itself: ugly, never silent.
 * - Arguments are isolated from the text around them, so that a version or a name in the other direction cannot tear a
 *   sentence apart: {@link Words.pieces} gives them as pieces of their own, which become `<bdi>` elements.
 * - Numbers, bytes and times come from {@link Words.format}, in the same language.
 */
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";

import { formats, type Formats } from "./formats";
import type { Message } from "./generated/Message";

/** A list is written as its language does, each of its names isolated from the others. */
export type Args = Readonly<Record<string, string | number | readonly string[]>>;
/** A key with its arguments, not yet words. */
export interface Line {
  readonly id: string;
  readonly args?: Args;
}
/** A part of a sentence: text of the catalogue, or the value of an argument. */
export interface Piece {
  readonly text: string;
  /** `auto` for names, `ltr` for what is written in Latin letters in every language; absent for text of the catalogue. */
  readonly dir?: "auto" | "ltr";
}

/** Arguments that are the same in every language: versions, codes, paths. */
const LATIN = new Set(["version", "versions", "from", "to", "code", "file", "key", "command", "path"]);
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);
const FALLBACK = "en";
/** Fluent puts its arguments between these two (Unicode Standard Annex 9, isolates). */
const [OPEN, CLOSE] = ["\u2068", "\u2069"];
/** A list that is isolated as a whole: its names are, and the rest of it goes as the sentence does. */
const LIST = /\u2068(\u2068[^\u2069]*\u2069(?:[^\u2068\u2069]*\u2068[^\u2069]*\u2069)*)\u2069/g;
const TURNS_DIRECTION = /[\u202a-\u202e\u2066-\u2069]/g;

export class Words {
  readonly format: Formats;

  private constructor(
    /** As a BCP 47 tag, with a region if the person has one: `en-GB` writes times unlike `en-US`. */
    readonly locale: string,
    private readonly bundles: readonly FluentBundle[],
    private readonly missing: (id: string) => void,
  ) {
    this.format = formats(locale);
  }

  /** The words of the first of the person's languages that there is a catalogue for, else English. */
  static of(
    wanted: readonly string[],
    catalogues: Readonly<Record<string, string>>,
    missing: (id: string) => void = (id) => console.error(`not in the catalogue: ${id}`),
  ): Words {
    const { locale, language } = choose(wanted, Object.keys(catalogues));
    const sources = language === FALLBACK ? [language] : [language, FALLBACK];
    const bundles = sources.map((source) => {
      const bundle = new FluentBundle(source === language ? locale : source);
      bundle.addResource(new FluentResource(catalogues[source] ?? ""));
      return bundle;
    });
    return new Words(locale, bundles, missing);
  }

  get direction(): "ltr" | "rtl" {
    return RIGHT_TO_LEFT.has(primary(this.locale)) ? "rtl" : "ltr";
  }

  /** What stands between two sentences. */
  get gap(): "" | " " {
    return primary(this.locale) === "zh" ? "" : " ";
  }

  /** The words of a message as plain text, for attributes and announcements. */
  message(line: string | Line | Message, args?: Args): string {
    return this.pieces(line, args)
      .map((piece) => piece.text)
      .join("");
  }

  /** The words of a message, arguments apart. */
  pieces(line: string | Line | Message, more?: Args): Piece[] {
    const { id, args } = resolve(line, more);
    const text = this.sentence(id, args).replace(LIST, "$1");
    const latin = new Set(Object.keys(args).flatMap((name) => (LATIN.has(name) ? [String(args[name])] : [])));
    const pieces: Piece[] = [];
    let depth = 0;
    for (const part of text.split(/([\u2068\u2069])/)) {
      if (part === OPEN) depth += 1;
      else if (part === CLOSE) depth -= 1;
      else if (part !== "" && (depth > 0 || latin.has(part)))
        pieces.push({ text: part, dir: latin.has(part) ? "ltr" : "auto" });
      else if (part !== "") pieces.push({ text: part });
    }
    return pieces;
  }

  /** Whether there are words for a key. */
  has(id: string): boolean {
    return this.bundles.some((bundle) => bundle.hasMessage(id));
  }

  private sentence(id: string, args: Args): string {
    for (const bundle of this.bundles) {
      const pattern = bundle.getMessage(id)?.value;
      if (pattern === undefined || pattern === null) continue;
      const mistakes: Error[] = [];
      const filled = Object.entries(args).map(([name, value]) => [name, typeof value === "object" ? this.listed(value) : value]);
      const text = bundle.formatPattern(pattern, Object.fromEntries(filled) as Record<string, FluentVariable>, mistakes);
      if (mistakes.length > 0) this.missing(`${id} (${mistakes.join(", ")})`);
      return text;
    }
    this.missing(id);
    return id;
  }

  private listed(names: readonly string[]): string {
    return this.format.list(names.map((name) => `${OPEN}${name}${CLOSE}`));
  }
}

/** One shape for a key, a line and what the app sends; nothing in an argument can turn the direction of a sentence. */
function resolve(line: string | Line | Message, more: Args = {}): { id: string; args: Args } {
  if (typeof line === "string") return { id: line, args: plain(more) };
  const count = "count" in line && line.count !== null ? { count: line.count } : {};
  return { id: line.id, args: plain({ ...line.args, ...count, ...more }) };
}

function plain(args: Args): Args {
  const cleaned = Object.entries(args).map(([name, value]) => [
    name,
    typeof value === "number" ? value : typeof value === "string" ? straight(value) : value.map(straight),
  ]);
  return Object.fromEntries(cleaned) as Args;
}

const straight = (text: string) => text.replace(TURNS_DIRECTION, "");

/**
 * Which catalogue is used for these languages, and the tag that numbers and times are written by. The tray chooses by the
 * same rule: `choose` in `src-tauri/src/language.rs`.
 */
export function choose(wanted: readonly string[], there: readonly string[]): { locale: string; language: string } {
  for (const tag of wanted) {
    const same = there.find((name) => name.toLowerCase() === tag.toLowerCase());
    const language = same ?? there.find((name) => reads(tag, name));
    if (language !== undefined && isTag(tag)) return { locale: tag, language };
  }
  return { locale: FALLBACK, language: FALLBACK };
}

/** Whether who wants one language can read the other: the same one, and not in another script where both say theirs. */
function reads(wanted: string, there: string): boolean {
  const [mine, other] = [script(wanted), script(there)];
  return primary(wanted) === primary(there) && (mine === undefined || other === undefined || mine === other);
}

/** How a language is written. Chinese without a script says it by its region, and systems often give no script. */
function script(tag: string): string | undefined {
  const [language, ...rest] = tag.toLowerCase().split("-");
  const said = rest.find((part) => /^[a-z]{4}$/.test(part));
  if (said !== undefined || language !== "zh") return said;
  return rest.some((part) => ["hk", "mo", "tw"].includes(part)) ? "hant" : "hans";
}

/** Some systems call a language `C` or `POSIX`, which Intl throws at. */
function isTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

function primary(tag: string): string {
  return tag.toLowerCase().split("-")[0] ?? tag;
}
