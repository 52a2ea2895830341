import { expect, it } from "vitest";

import { announce } from "./announce";
import type { Entry } from "./order";
import { words } from "./test/desk";
import { as, NOW, offer, progress, shown } from "./test/fixtures";
import { ALL } from "./test/states";

const one = (name: string) => shown([ALL[name] as Entry]);
const far = (fetched: number): Entry => {
  const entry = ALL["downloading"] as Entry;
  return { ...entry, app: { ...entry.app, state: { state: "downloading", offer, progress: { ...progress, fetched, of: 100 } } } };
};
const say = (from: Parameters<typeof announce>[0], to: Parameters<typeof announce>[1]) => announce(from, to, words, NOW);

it("says nothing of the first picture, of the same one, and of a program that just came", () => {
  expect(say(null, one("ready"))).toEqual([]);
  expect(say(one("ready"), one("ready"))).toEqual([]);
  expect(say(shown([]), one("ready"))).toEqual([]);
});

it("says what has changed, of each program", () => {
  expect(say(one("available"), one("downloading"))).toEqual(["Lantern: Getting version 7.2.0.", "Lantern: 50%."]);
  const before = shown([ALL["checking-by-person"] as Entry, as("b", "B", ALL["idle"] as Entry)]);
  const after = shown([ALL["up-to-date"] as Entry, as("b", "B", ALL["ready"] as Entry)]);
  expect(say(before, after).sort()).toEqual(["B: Version 7.2.0 is ready.", "Lantern: Up to date."]);
});

it("says 0, 25, 50, 75 and 100 percent, and no step between", () => {
  const steps = Array.from({ length: 101 }, (_, fetched) => shown([far(fetched)]));
  const said = steps.flatMap((to, index) => say(steps[index - 1] ?? one("downloading-starts"), to));
  expect(said).toEqual([0, 25, 50, 75, 100].map((percent) => `Lantern: ${percent}%.`));
  expect(say(shown([far(99)]), one("verifying"))).toEqual(["Lantern: 100%."]);
});

it("says when a person pauses and resumes, wherever that was done", () => {
  const pause = (until?: string) => shown([], { view: { format: 1, apps: [], paused: { since: "2030-06-04T14:00:00Z", ...(until ? { until } : {}) } } });
  const plain = (said: string[]) => said.map((text) => text.replace(/\s/g, " "));
  expect(plain(say(shown([]), pause("2030-06-07T14:00:00Z")))).toEqual(["Updates are paused until Fri 2:00 PM."]);
  expect(plain(say(shown([]), pause()))).toEqual(["Updates are paused until you resume them."]);
  expect(say(pause(), pause())).toEqual([]);
  expect(say(pause(), shown([]))).toEqual(["Updates go on."]);
});
