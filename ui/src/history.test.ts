/** What happened here, as a person reads it, and what can be taken back. */
import { fireEvent, screen, within } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import type { Backend } from "./backend";
import type { Entry as Past } from "./generated/Entry";
import type { Shown } from "./generated/Shown";
import type { Entry } from "./order";
import { desk, flat, settle, words } from "./test/desk";
import { as, at, NOW, shown } from "./test/fixtures";
import { HISTORY } from "./test/panels";
import { ALL } from "./test/states";
import { timeline } from "./timeline";

const one = (name: string) => ALL[name] as Entry;
const ledger = as("ledger", "Ledger", one("undone"), { previous: "11.0.0" });
const all = shown([one("updated"), as("field-notes", "Field Notes", one("rolled-back")), ledger, as("tidepool", "Tidepool", one("up-to-date"))]);
const history = (more: Partial<Backend> = {}, of: Shown = all) => desk(of, more, words, () => NOW, "history");
const events = (root: Element) => [...root.querySelectorAll(".event")].map(flat);

it("stands by day, newest first, and every event has its words", async () => {
  const { root } = await history();
  const days = [...root.querySelectorAll(".section")].map((day) => [flat(day.querySelector("h2")!), ...events(day)]);
  expect(days).toEqual([
    [
      "Today",
      "Lantern 7.2.0 2:02 PM Installed. 18.4 MB downloaded, 124 MB saved. Undo",
      "Lantern 7.2.0 2:01 PM The small download starts from other bytes than those that are installed here. Another way was taken. Details",
      "Lantern 7.2.0 1:58 PM There is not enough free space on the disk. Make some room, then try again. Details",
    ],
    [
      "Yesterday",
      "Field Notes 3.5.0 9:41 AM Version 3.5.0 ended too early. 3.4.2 was put back. Details",
      "Field Notes 3.5.0 9:40 AM Installed. 31.0 MB downloaded in full.",
      "Tidepool 0.9.6 3:14 AM Put in order again. 38.1 MB downloaded.",
    ],
    ["May 30", "Ledger 12.1.0 6:20 PM You asked for the previous version. 12.0.1 was put back. Offer again"],
    ["May 12", "updater 1.4.0 4:02 AM Installed. 900 kB downloaded, 7.0 MB saved."],
  ]);
});

it("can be of one program, also of one that is gone", async () => {
  const { root } = await history();
  const pick = screen.getByRole<HTMLSelectElement>("combobox", { name: "Program" });
  expect([...pick.options].map(flat)).toEqual(["All programs", "Lantern", "Field Notes", "Ledger", "Tidepool", "updater"]);
  await fireEvent.change(pick, { target: { value: "tidepool" } });
  expect(events(root)).toHaveLength(1);
  await fireEvent.change(pick, { target: { value: "updater" } });
  expect(events(root)[0]).toMatch(/^updater 1.4.0/);
  await fireEvent.change(pick, { target: { value: "" } });
  expect(events(root)).toHaveLength(HISTORY.length);
});

it("details say code and text, and hide again", async () => {
  const { root } = await history();
  const event = [...root.querySelectorAll<HTMLElement>(".event")][2] as HTMLElement;
  await fireEvent.click(within(event).getByRole("button", { name: "Details" }));
  expect([...event.querySelectorAll(".facts > div")].map(flat)).toEqual([
    "Code E-DISK-FULL",
    "Technically /opt/lantern needs 142000000 bytes of free space and has 61000000",
  ]);
  await fireEvent.click(within(event).getByRole("button", { name: "Hide details" }));
  expect(event.querySelector(".facts")).toBeNull();
});

describe("what can be taken back", () => {
  const acts = (of: Shown, past: readonly Past[] = HISTORY) =>
    timeline(past, of, null, words, 100).flatMap(({ events }) => events.flatMap(({ app, act }) => (act === null ? [] : [[app, act]])));

  it("is asked for where it is told", async () => {
    const { root, backend } = await history();
    for (const act of ["roll-back", "release"]) await fireEvent.click(root.querySelector(`[data-act=${act}]`) as Element);
    await settle();
    expect(backend.act.mock.calls).toEqual([["lantern", "roll-back"], ["ledger", "release"]]);
  });

  it("tells there if it was refused", async () => {
    const { root } = await history({ act: () => Promise.reject({ id: "act-too-late", args: {}, count: null }) });
    await fireEvent.click(root.querySelector("[data-act=roll-back]") as Element);
    await settle();
    expect(flat(root.querySelector(".event [role=alert]") as Element)).toContain("changed in the meantime");
  });

  it("is the last change of a program, and only while it can be", () => {
    expect(acts(all)).toEqual([["lantern", "roll-back"], ["ledger", "release"]]);
    // Without a version before, while something goes on, and when it was undone already.
    expect(acts(shown([one("up-to-date")]))).toEqual([]);
    expect(acts(shown([one("downloading")]))).toEqual([]);
    const undone: Past = { event: "rolled-back", at: at("15:00"), app: "lantern", from: "7.2.0", to: "7.1.0", why: "recalled" };
    expect(acts(shown([one("updated")]), [...HISTORY, undone])).toEqual([]);
    // What is offered again already.
    expect(acts(shown([as("ledger", "Ledger", one("available"))]))).toEqual([]);
  });
});

describe("words", () => {
  const last = (past: Past) => {
    const [day] = timeline([past], all, null, words, 1);
    const [event] = day?.events ?? [];
    return [event?.glyph, event?.lines.map((line) => words.message(line)).join(" "), event?.facts.length];
  };
  const back = { event: "rolled-back", at: at("15:00"), app: "lantern", from: null, to: null } as const;

  it.each<[string, Past, unknown[]]>([
    ["a roll back of nobody knows what", { ...back, why: "recalled" }, ["back", "Its publisher took the new version back. The previous version was put back.", 0]],
    ["a version that could not be proved", { ...back, why: "unproven E-RUN-START" }, ["back", "Whether the new version works could not be seen to the end. It may be tried again. The previous version was put back.", 1]],
    ["a reason that is newer than this window", { ...back, why: "probe-failed" }, ["back", "The new version did not run well. The previous version was put back.", 1]],
    ["a check", { event: "failed", at: at("15:00"), app: "lantern", code: "E-NEW-CODE", text: "x" }, ["attention", "This did not work. The details say why.", 2]],
    ["a packed download", { event: "fell-back", at: at("15:00"), app: "lantern", version: "7.2.0", route: "compressed-full", code: "E-DISK-IO" }, ["stop", "The first way to get it did not work. Another way was taken.", 1]],
    ["what was here", { ...(HISTORY.at(-1) as Extract<Past, { event: "updated" }>), bytes_fetched: 0 }, ["check", "Installed. The bytes were here before, so nothing was downloaded.", 0]],
  ])("of %s", (_, past, expected) => {
    expect(last(past)).toEqual(expected);
  });
});

it("says that nothing has happened, and that it cannot be read", async () => {
  const { text } = await history({ history: async () => [] });
  expect(text()).toContain("Nothing has happened here yet.");
  await history({ history: () => Promise.reject(new Error("gone")) });
  expect(flat(screen.getByRole("alert"))).toContain("could not be read just now");
});

it("is asked for again with every picture, and long ones come by the hundred", async () => {
  const past = Array.from({ length: 230 }, (_, index): Past => ({ ...(HISTORY.at(-1) as Past), at: new Date(NOW - (230 - index) * 3_600_000).toISOString() }));
  const { root, backend, show } = await history({ history: async () => past });
  expect(events(root)).toHaveLength(100);
  for (const count of [200, 230]) {
    await fireEvent.click(screen.getByRole("button", { name: "Show older" }));
    expect(events(root)).toHaveLength(count);
  }
  expect(screen.queryByRole("button", { name: "Show older" })).toBeNull();
  await show(shown([one("up-to-date")]));
  expect(backend.history.mock.calls.length).toBe(2);
});
