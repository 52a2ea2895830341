import { expect, it } from "vitest";

import type { AppState } from "./generated/AppState";
import { arrange, isFolded, isRunning, type Entry } from "./order";
import { as, shown } from "./test/fixtures";
import { ALL, STATES } from "./test/states";

it("what wants to be seen most comes first, and the View's order decides between equals", () => {
  const names = ["up-to-date", "not-yet", "updated", "available", "downloading", "ready", "failed", "rolled-back", "ready-critical", "skipped", "checking-by-timer"];
  const entries = names.map((name) => as(name, name, ALL[name] as Entry));
  const { cards, folded } = arrange(shown(entries));
  expect(cards.map(({ app }) => app.id)).toEqual([
    "ready-critical",
    "failed",
    "rolled-back",
    "ready",
    "downloading",
    "available",
    "updated",
    "not-yet",
    "skipped",
  ]);
  expect(folded.map(({ app }) => app.id)).toEqual(["up-to-date", "checking-by-timer"]);
});

it("a program without a face is left out", () => {
  expect(arrange(shown([ALL["idle"] as Entry], { faces: {} }))).toEqual({ cards: [], folded: [] });
});

it("which states are one line, and which keep the engine busy", () => {
  const states = Object.keys(STATES) as AppState["state"][];
  expect(states.filter(isFolded)).toEqual(["idle", "checking", "up-to-date"]);
  expect(states.filter(isRunning)).toEqual([
    "checking",
    "downloading",
    "verifying",
    "falling-back",
    "waiting-for-close",
    "restarting",
    "probation",
    "rolling-back",
  ]);
});
