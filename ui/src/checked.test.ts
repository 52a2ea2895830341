import { describe, expect, it } from "vitest";

import type { AppView } from "./generated/AppView";
import { ago, checked, lastCheck, nextCheck } from "./checked";
import type { Entry } from "./order";
import { spaced, words } from "./test/desk";
import { as, lantern, NOW, shown } from "./test/fixtures";
import { ALL } from "./test/states";

const say = (entries: Entry[]) => spaced(checked(shown(entries), words.format, NOW).map((line) => words.message(line)).join(" "));
const app = (last: string | null, next: string | null = null): AppView => ({
  ...lantern,
  last_check: last === null ? null : { at: last, by: "timer" },
  next_check: next,
});
const fine = ALL["up-to-date"] as Entry;

describe("the line below the headline", () => {
  it.each([
    [[fine], "Checked 12 min ago. Next: 6:40 PM."],
    [[ALL["downloading"] as Entry], "You can keep working."],
    [[ALL["failed"] as Entry, as("b", "B", ALL["downloading"] as Entry)], "Checked 12 min ago. Next: 6:40 PM."],
    [[fine, as("b", "B", ALL["idle"] as Entry)], "Next: 6:40 PM."],
    [[ALL["disabled-by-machine"] as Entry], ""],
    [[ALL["cannot-verify"] as Entry], ""],
    [[ALL["failed-check"] as Entry, fine], ""],
    [[], ""],
  ])("%#", (entries, expected) => {
    expect(say(entries)).toBe(expected);
  });
});

it("the oldest check counts, and none if one program was never checked", () => {
  const times = ["2030-06-04T18:00:00Z", "2030-06-04T17:00:00Z"];
  expect(lastCheck(times.map((time) => app(time)))).toBe(Date.parse(times[1] as string));
  expect(lastCheck([app(times[0] as string), app(null)])).toBeNull();
  expect(lastCheck([])).toBeNull();
});

it("the earliest check to come counts", () => {
  const next = ["2030-06-04T18:00:00Z", "2030-06-04T19:00:00Z", "2030-06-04T20:00:00Z"];
  expect(nextCheck(next.map((time) => app(null, time)), NOW)).toBe(Date.parse(next[1] as string));
  expect(nextCheck([app(null, next[0] as string)], NOW)).toBeNull();
});

it.each([
  [-3_600, "Checked just now."],
  [59, "Checked just now."],
  [60, "Checked 1 min ago."],
  [3_600, "Checked 1 hr ago."],
  [86_400, "Checked 1 day ago."],
  [3 * 86_400, "Checked 3 days ago."],
])("%i seconds ago", (seconds, expected) => {
  expect(spaced(words.message(ago(NOW - seconds * 1000, words.format, NOW)))).toBe(expected);
});
