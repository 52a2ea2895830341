/**
 * What happened here, newest first and by day, in words: a pure function of the history and of what is shown. What can
 * be undone is undone where it is told, as long as nothing has happened to the program since.
 */
import type { Act } from "./generated/Act";
import type { AppId } from "./generated/AppId";
import type { Entry } from "./generated/Entry";
import type { Glyph } from "./generated/Glyph";
import type { RollBackWhy } from "./generated/RollBackWhy";
import type { RouteView } from "./generated/RouteView";
import type { Shown } from "./generated/Shown";
import type { Tone } from "./generated/Tone";
import type { Version } from "./generated/Version";
import { gaveUp, rolledBack } from "./reasons";
import { fact, sentence, type Fact } from "./trouble";
import type { Line, Words } from "./words";

export interface Happened {
  /** Its place in the history, the same however the history grows. */
  readonly key: number;
  readonly at: number;
  readonly app: AppId;
  readonly name: string;
  readonly version: Version | null;
  readonly glyph: Glyph;
  readonly tone: Tone;
  readonly lines: readonly Line[];
  /** What waits behind Details. */
  readonly facts: readonly Fact[];
  /** What takes it back. */
  readonly act: Act | null;
}

export interface Day {
  /** Its midnight. */
  readonly at: number;
  readonly events: readonly Happened[];
}

/** The newest events of these programs (`null` = of all), so many of them. */
export function timeline(history: readonly Entry[], shown: Shown, app: AppId | null, words: Words, count: number): Day[] {
  const changes = lastChanges(history);
  const days = new Map<number, Happened[]>();
  const ours = history.map((entry, key) => ({ entry, key })).filter(({ entry }) => app === null || entry.app === app);
  for (const { entry, key } of ours.slice(-count).reverse()) {
    const at = Date.parse(entry.at);
    const act = changes.get(entry.app) === entry ? undo(entry, shown) : null;
    const name = shown.view.apps.find(({ id }) => id === entry.app)?.name ?? entry.app;
    const event = { key, at, app: entry.app, name, act, ...told(entry, name, words) };
    days.set(midnight(at), [...(days.get(midnight(at)) ?? []), event]);
  }
  return [...days].map(([at, events]) => ({ at, events }));
}

/** Today and yesterday have names. */
export function dayName(at: number, { format }: Words, now: number): Line | string {
  const days = Math.round((midnight(now) - midnight(at)) / (24 * 60 * 60 * 1000));
  if (days === 0) return { id: "history-today" };
  return days === 1 ? { id: "history-yesterday" } : format.date(at, now);
}

/** The last entry of each program after which other bytes were at its place. */
function lastChanges(history: readonly Entry[]): Map<AppId, Entry> {
  const changes = history.filter(({ event }) => event === "updated" || event === "rolled-back");
  return new Map(changes.map((entry) => [entry.app, entry]));
}

function undo(entry: Entry, { view, faces }: Shown): Act | null {
  const can = (act: Act) => (faces[entry.app]?.support.includes(act) ? act : null);
  if (entry.event === "updated") return entry.repaired ? null : can("roll-back");
  if (entry.event !== "rolled-back" || entry.why !== "by-person") return null;
  const state = view.apps.find(({ id }) => id === entry.app)?.state;
  const kept = state?.state === "rolled-back" || (state?.state === "not-offered" && ["undone", "on-hold"].includes(state.reason.reason));
  return kept ? can("release") : null;
}

type Told = Pick<Happened, "version" | "glyph" | "tone" | "lines" | "facts">;

function told(entry: Entry, name: string, words: Words): Told {
  switch (entry.event) {
    case "updated":
      return { version: entry.to, glyph: "check", tone: "ok", lines: [cost(entry, words)], facts: [] };
    case "rolled-back": {
      const version = entry.from ?? null;
      const { lines, code } = rolledBack(whyOf(entry.why), { name, version, done: false }, words);
      const back = { id: "history-back", args: { to: entry.to ?? "none" } };
      return { version, glyph: "back", tone: "warn", lines: [...lines, back], facts: code === null ? [] : [fact.code(code)] };
    }
    case "failed": {
      const line = sentence(`failure-${entry.code}`, "history-failed", { name }, words);
      const facts = [fact.code(entry.code), fact.text(entry.text)];
      return { version: entry.version ?? null, glyph: "attention", tone: "danger", lines: [line], facts };
    }
    case "fell-back": {
      const why = words.message(gaveUp({ code: entry.code, route: { way: wayOf(entry.route) } }));
      const lines = [{ id: "history-fell-back", args: { why } }];
      return { version: entry.version, glyph: "stop", tone: "quiet", lines, facts: [fact.code(entry.code)] };
    }
  }
}

function cost(entry: Extract<Entry, { event: "updated" }>, { format }: Words): Line {
  const fetched = format.bytes(entry.bytes_fetched);
  if (entry.bytes_fetched === 0) return { id: "history-nothing" };
  if (entry.repaired) return { id: "history-repaired", args: { fetched } };
  const saved = entry.full_bytes - entry.bytes_fetched;
  return saved > 0 ? { id: "history-saved", args: { fetched, saved: format.bytes(saved) } } : { id: "history-full", args: { fetched } };
}

/** The words that the history has for it: `by-person`, `recalled`, a code, or a code after `unproven`. */
function whyOf(why: string): RollBackWhy {
  if (why === "by-person" || why === "recalled") return { why };
  const unproven = /^unproven (.*)$/.exec(why)?.[1];
  return unproven === undefined ? { why: "unhealthy", code: why, text: "" } : { why: "unproven", code: unproven, text: "" };
}

/** The history keeps ways as text, `patch bsz1`. */
function wayOf(route: string): RouteView["way"] {
  if (route.startsWith("patch")) return "patch";
  return route === "compressed-full" ? route : "full";
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
