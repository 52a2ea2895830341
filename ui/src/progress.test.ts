import { describe, expect, it } from "vitest";

import type { Progress } from "./generated/Progress";
import { bar, milestone, percent, saving, timeLeft, type Moving } from "./progress";
import { words } from "./test/desk";
import { offer, progress } from "./test/fixtures";
import { ALL } from "./test/states";

it.each([
  [0, null, null],
  [0, 0, null],
  [0, 100, 0],
  [999, 1000, 99],
  [1000, 1000, 100],
  [2000, 1000, 100],
])("%j of %j is %j percent", (fetched, of, expected) => {
  expect(percent({ fetched, of })).toBe(expected);
});

it.each([
  [null, null],
  [0, 0],
  [24, 0],
  [25, 25],
  [99, 75],
  [100, 100],
])("%j percent are told as %j", (value, expected) => {
  expect(milestone(value)).toBe(expected);
});

describe("time left", () => {
  const left = (seconds: number) => timeLeft({ fetched: 0, of: seconds * 1000, bytes_per_second: 1000 });
  it.each([
    [3, { value: 0, unit: "second" }],
    [4, { value: 5, unit: "second" }],
    [51, { value: 55, unit: "second" }],
    [56, { value: 1, unit: "minute" }],
    [61, { value: 2, unit: "minute" }],
    [601, { value: 15, unit: "minute" }],
    [3_301, { value: 1, unit: "hour" }],
    [7_201, { value: 3, unit: "hour" }],
  ])("%i seconds", (seconds, expected) => {
    expect(left(seconds)).toEqual(expected);
  });
  it("is not told without a length or a speed, or in a stall", () => {
    expect(timeLeft({ fetched: 1, of: null, bytes_per_second: 1 })).toBeNull();
    expect(timeLeft({ fetched: 1, of: 2, bytes_per_second: null })).toBeNull();
    expect(timeLeft({ fetched: 1, of: 2, bytes_per_second: 0 })).toBeNull();
  });
});

describe("saving", () => {
  const say = (more: Partial<Progress>, from: string | null = "7.1.0") => {
    const line = saving({ ...offer, from }, { ...progress, ...more }, words.format);
    return line && words.message(line).replace(/\u00a0/g, " ");
  };
  it.each([
    [{}, "Only the difference to 7.1.0 is downloaded: 18.4 MB instead of 142 MB."],
    [{ route: { way: "compressed-full" } as const, of: 61_000_000 }, "All of it is downloaded, packed: 61.0 MB instead of 142 MB."],
    [{ route: { way: "full" } as const }, null],
    [{ route: null }, null],
    [{ of: null }, null],
    [{ of: 142_000_000 }, null],
  ])("%j", (more, expected) => {
    expect(say(more)).toBe(expected);
  });
  it("of an unknown version", () => {
    expect(say({}, null)).toBe("Only the difference is downloaded: 18.4 MB instead of 142 MB.");
  });
});

it("each way is a bar of its own, and what is known of it is told", () => {
  const of = (name: string) => bar(ALL[name]?.app.state as Moving, words.format);
  const names = ["downloading-starts", "downloading", "downloading-full", "falling-back", "falling-back-memory", "verifying"];
  const ways = names.map((name) => of(name).way);
  expect(new Set(ways).size).toBe(ways.length);
  expect(of("downloading-starts")).toMatchObject({ percent: null, amount: null, speed: null, left: null });
  expect(of("falling-back")).toMatchObject({ label: { id: "progress-downloading-all" }, percent: 18 });
  expect(of("verifying")).toMatchObject({ label: { id: "progress-verifying" }, percent: 100 });
  const open = { ...progress, of: null };
  const line = bar({ state: "downloading", offer, progress: open }, words.format).amount;
  expect(line && words.message(line)).toMatch(/11\.4.MB so far/);
});
