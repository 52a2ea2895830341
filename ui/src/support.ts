/** A program examined, as facts in words: pure functions of what the app says about it. */
import type { Asker } from "./generated/Asker";
import type { Examined } from "./generated/Examined";
import type { Owner } from "./generated/Owner";
import type { Trace } from "./generated/Trace";
import type { Entry } from "./order";
import { find, NONE, SET_BY, valueOf, type Said } from "./settings";
import { story } from "./story";
import { sentence, type Fact } from "./trouble";
import type { Line, Words } from "./words";

/** The publisher deals in ten thousands; people see hundreds. */
const GROUPS = 100;

/** Why there is nothing to install now; `null` while there is something, or something goes on. */
export function whyNot({ app, face }: Entry, words: Words, now: number): readonly Line[] | null {
  switch (app.state.state) {
    case "idle":
    case "up-to-date":
    case "nothing-newer":
    case "cannot-verify":
    case "not-offered":
    case "deferred":
    case "rolled-back":
    case "failed":
    case "disabled":
      return [face.words, ...story(app, words, now).lines];
    case "checking":
    case "available":
    case "downloading":
    case "verifying":
    case "falling-back":
    case "ready":
    case "waiting-for-close":
    case "restarting":
    case "probation":
    case "updated":
    case "rolling-back":
      return null;
  }
}

/** The rule that decided: the last one that said stop. */
export function deciding(trace: readonly Trace[]): Trace | null {
  return trace.findLast(({ verdict }) => verdict === "stop") ?? null;
}

/** What is installed, where, and which versions may come. */
export function aboutProgram(app: Entry["app"], of: Examined, words: Words): Fact[] {
  const { installed, bucket, floor } = of;
  const channel = find(of.settings, "channel");
  const version: Said = installed?.version ? { latin: installed.version } : { line: { id: installed ? "version-unknown" : "fact-unreadable" } };
  return [
    fact("fact-version", version),
    ...(installed ? [fact("fact-checksum", { latin: installed.sha256 }, [{ id: of.recorded ? "fact-signed" : "fact-unsigned" }])] : []),
    fact("fact-path", { latin: of.path }, place(app.name, of, words)),
    fact("fact-enrolled", { line: { id: ENROLLED[of.enrolled_by] } }),
    fact("fact-channel", valueOf("channel", app.channel, words), channel && channel.by !== "default" ? [{ id: SET_BY[channel.by] }] : []),
    ...(bucket == null ? [] : [fact("fact-group", { line: group(bucket, words) })]),
    holds(of),
    ...(floor ? [fact("fact-floor", { latin: floor })] : []),
  ];
}

/** Who owns the file, and whether it could be replaced. */
function place(name: string, { file_owner: user, in_the_way: failure }: Examined, words: Words): Line[] {
  const owner = user ? [{ id: "fact-owner", args: { user } }] : [];
  if (!failure) return [...owner, { id: "fact-replaceable" }];
  return [...owner, sentence(`failure-${failure.code}`, "failure-by-machine", { name }, words)];
}

function group(bucket: number, { format }: Words): Line {
  const group = Math.floor((bucket * GROUPS) / 10_000) + 1;
  return { id: "fact-group-of", args: { group: format.number(group), groups: format.number(GROUPS) } };
}

function holds({ on_hold, skipped, settings }: Examined): Fact {
  const pin = find(settings, "pin")?.value ?? NONE;
  const [first, ...notes]: Line[] = [
    ...(on_hold ? [{ id: "on-hold-title" }] : []),
    ...(pin === NONE ? [] : [{ id: "pin-to", args: { version: pin } }]),
    ...(skipped.length === 0 ? [] : [{ id: "skipped-versions", args: { versions: skipped.join(", ") } }]),
  ];
  return fact("fact-holds", { line: first ?? { id: "value-none" } }, notes);
}

/** What the last check came to, when the next one is, and the way to the servers. */
export function aboutCheck({ app, face }: Entry, of: Examined, words: Words, now: number): Fact[] {
  const { format } = words;
  const { last_check: last, next_check: next, state } = app;
  const moment = (at: string) => ({ text: format.moment(Date.parse(at), now) });
  const failure = last?.failure;
  const result = failure ? sentence(`failure-${failure.code}`, "failure-by-machine", { name: app.name }, words) : face.words;
  const full = "offer" in state ? (state.offer.full_bytes ?? null) : null;
  const needed = full === null ? [] : [{ id: "fact-free-needed", args: { size: format.bytes(full) } }];
  return [
    last ? fact("fact-last-check", moment(last.at), [{ id: ASKED[last.by] }]) : fact("fact-last-check", { line: { id: "fact-never" } }),
    ...(last ? [fact("fact-result", { line: result })] : []),
    fact("fact-next-check", next ? moment(next) : { line: { id: "fact-not-planned" } }),
    fact("fact-server", { latin: of.sources.join("\n") }),
    ...(of.source === "lantern" ? [fact("fact-source", { line: { id: "source-lantern" } }, [{ id: "source-lantern-unproven" }])] : []),
    ...(of.key ? [fact("fact-key", { latin: of.key })] : []),
    fact("fact-proxy", valueOf("proxy", of.proxy, words)),
    ...(of.free_bytes == null ? [] : [fact("fact-free", { text: format.bytes(of.free_bytes) }, needed)]),
  ];
}

function fact(label: string, said: Said | { readonly text: string }, notes: readonly Line[] = []): Fact {
  return "latin" in said ? { label, notes, latin: said.latin, mono: MONO.has(label) } : { label, notes, ...said };
}

/** Where every letter counts. */
const MONO = new Set(["fact-checksum", "fact-key", "fact-path", "fact-server"]);

const ENROLLED: Readonly<Record<Owner, string>> = {
  machine: "enrolled-by-machine",
  user: "enrolled-by-user",
  program: "enrolled-by-program",
};

const ASKED: Readonly<Record<Asker, string>> = {
  timer: "asked-by-timer",
  person: "asked-by-person",
  insisting: "asked-by-insisting",
};
