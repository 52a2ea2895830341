/** What did not work, in plain words by its stable code, and the facts behind Details for whoever helps. */
import type { Actor } from "./generated/Actor";
import type { Failure } from "./generated/Failure";
import type { Phase } from "./generated/Phase";
import type { Line, Words } from "./words";

/** A label with what it says, and what has to be said beside. `latin`: the same in every language; `text`: already in this one. */
export type Fact = { readonly label: string; readonly notes?: readonly Line[] } & ({ readonly line: Line } | { readonly latin: string; readonly mono: boolean } | { readonly text: string });

export interface Trouble {
  readonly code: string | null;
  readonly facts: readonly Fact[];
}

export const noFacts: Trouble = { code: null, facts: [] };

export interface Told extends Trouble {
  /** What happened and what to do, in one or two sentences. */
  readonly line: Line;
  /** The installed program is as it was. */
  readonly unchanged: boolean;
}

export function failure(
  why: Failure,
  about: { readonly name: string; readonly again: string | null },
  words: Words,
  now: number,
): Told {
  return {
    line: sentence(`failure-${why.code}`, BY_ACTOR[why.actor], { name: about.name }, words),
    unchanged: !AFTER_REPLACING[why.phase],
    code: why.code,
    facts: [
      fact.code(why.code),
      { label: "fact-step", line: { id: PHASE[why.phase] } },
      { label: "fact-actor", line: { id: ACTOR[why.actor] } },
      { label: "fact-again", line: again(why, about.again, words, now) },
      fact.text(why.text),
    ],
  };
}

export const fact = {
  code: (code: string): Fact => ({ label: "fact-code", latin: code, mono: true }),
  text: (text: string): Fact => ({ label: "fact-text", latin: text, mono: false }),
};

/** The sentence of a code, or what can be said without knowing it: codes may be newer than the catalogue. */
export function sentence(id: string, otherwise: string, args: NonNullable<Line["args"]>, words: Words): Line {
  return { id: words.has(id) ? id : otherwise, args };
}

function again(why: Failure, at: string | null, { format }: Words, now: number): Line {
  const time = at === null ? null : Date.parse(at);
  if (time !== null && time > now) return { id: "again-at", args: { moment: format.moment(time, now) } };
  return { id: why.retry ? "again-by-itself" : "again-by-hand" };
}

const BY_ACTOR: Readonly<Record<Actor, string>> = {
  repository: "failure-by-repository",
  network: "failure-by-network",
  machine: "failure-by-machine",
  bug: "failure-by-bug",
};

const ACTOR: Readonly<Record<Actor, string>> = {
  repository: "actor-repository",
  network: "actor-network",
  machine: "actor-machine",
  bug: "actor-bug",
};

const PHASE: Readonly<Record<Phase, string>> = {
  setup: "phase-setup",
  check: "phase-check",
  preflight: "phase-preflight",
  fetch: "phase-fetch",
  apply: "phase-apply",
  verify: "phase-verify",
  stage: "phase-stage",
  activate: "phase-activate",
  restart: "phase-restart",
  probation: "phase-probation",
  "roll-back": "phase-roll-back",
};

/** Steps after which "nothing was changed" would say too much. */
const AFTER_REPLACING: Readonly<Record<Phase, boolean>> = {
  setup: false,
  check: false,
  preflight: false,
  fetch: false,
  apply: false,
  verify: false,
  stage: false,
  activate: false,
  restart: true,
  probation: true,
  "roll-back": true,
};
