/** What every component may need: the words and whom to ask. Set once by the App. */
import { createContext } from "svelte";

import type { Backend } from "./backend";
import type { AppId } from "./generated/AppId";
import type { Block } from "./generated/Block";
import type { Version } from "./generated/Version";
import type { Words } from "./words";

export interface Context {
  readonly words: Words;
  readonly backend: Backend;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Draws the window anew, because its words have changed. */
  readonly anew: () => void;
  /** Release notes, asked for once per program and version. */
  readonly notes: (app: AppId, version: Version) => Promise<Block[]>;
}

export const [context, setContext] = createContext<Context>();

/** Asks once per program and version, also when cards come and go. What cannot be had counts as no notes. */
export function notesOnce(backend: Backend): Context["notes"] {
  const asked = new Map<string, Promise<Block[]>>();
  return (app, version) => {
    const key = `${app} ${version}`;
    const known = asked.get(key) ?? backend.notes(app).catch(() => []);
    asked.set(key, known);
    return known;
  };
}
