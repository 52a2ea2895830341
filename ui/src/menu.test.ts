/** The acts that wait behind a card's three dots, and the pause that is true for all cards. */
import { fireEvent, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { split } from "./acts";
import { countdown } from "./countdown";
import type { Entry } from "./order";
import { desk, flat, settle, words } from "./test/desk";
import { NOW, shown } from "./test/fixtures";
import { ALL } from "./test/states";

const one = (name: string) => ALL[name] as Entry;

describe("which acts are buttons", () => {
  it.each([
    [["check"], undefined, ["check"], []],
    [["install"], "install", [], []],
    [["check", "roll-back"], undefined, ["check", "roll-back"], []],
    [["install", "skip"], "install", ["skip"], []],
    [["install", "tonight", "skip"], "install", ["tonight"], ["skip"]],
    [["restart", "tonight", "at-quit"], "restart", ["tonight", "at-quit"], []],
    [["restart", "tonight", "at-quit", "cancel"], "restart", ["tonight", "at-quit"], ["cancel"]],
    [["check", "release", "roll-back", "repair"], undefined, ["check", "release"], ["roll-back", "repair"]],
  ] as const)("%s", (acts, primary, beside, menu) => {
    expect(split(acts)).toEqual({ primary, beside, menu });
  });
});

describe("the menu", () => {
  const acts = ["restart", "tonight", "at-quit", "skip", "hold"] as const;
  const entry = { ...one("ready"), face: { ...one("ready").face, acts: [...acts] } };
  const opener = () => screen.getByRole("button", { name: "More: Lantern" });
  const items = () => screen.queryAllByRole("menuitem");
  const press = (key: string) => fireEvent.keyDown(document.activeElement as Element, { key }).then(settle);

  it("opens by click and by arrow, and is walked through by arrows", async () => {
    await desk(shown([entry]));
    expect([opener().getAttribute("aria-haspopup"), opener().getAttribute("aria-expanded")]).toEqual(["menu", "false"]);
    await fireEvent.click(opener());
    await settle();
    expect(items().map(flat)).toEqual(["Skip this version", "Hold"]);
    expect(document.activeElement).toBe(items()[0]);
    for (const [key, at] of [["ArrowDown", 1], ["ArrowDown", 0], ["ArrowUp", 1], ["Home", 0], ["End", 1]] as const) {
      await press(key);
      expect([key, items().indexOf(document.activeElement as HTMLElement)]).toEqual([key, at]);
    }
    await press("Escape");
    expect([items().length, document.activeElement]).toEqual([0, opener()]);
    await press("ArrowUp");
    expect(document.activeElement).toBe(items()[1]);
  });

  it("closes when it is left, and when something is chosen", async () => {
    const { backend } = await desk(shown([entry]));
    await fireEvent.click(opener());
    await settle();
    await fireEvent.focusOut(items()[0] as Element, { relatedTarget: document.body });
    expect(items()).toEqual([]);
    await fireEvent.click(opener());
    await settle();
    await fireEvent.click(items()[1] as Element);
    await settle();
    expect([items().length, backend.act.mock.calls]).toEqual([0, [["lantern", "hold"]]]);
  });
});

describe("a countdown", () => {
  beforeEach(() => void vi.useFakeTimers({ now: NOW }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    [-5, "Lantern closes now"],
    [0, "Lantern closes now"],
    [1, "closes in 1 sec"],
    [120, "closes in 120 sec"],
    [121, "closes in 3 min"],
  ])("of %i seconds", (seconds, expected) => {
    const line = countdown(NOW + seconds * 1000, "Lantern", words.format, NOW);
    expect(words.message(line).replace(/\s/g, " ")).toContain(expected);
  });

  it("changes every second, silently, and nothing else does", async () => {
    const { root } = await desk(shown([one("ready-counting")]), {}, words, () => Date.now());
    const timer = screen.getByRole("timer");
    expect([timer.getAttribute("aria-live"), flat(timer)]).toEqual(["off", "Lantern closes in 60 sec and opens again where it was."]);
    await vi.advanceTimersByTimeAsync(3000);
    await settle();
    expect(flat(timer)).toContain("57 sec");
    expect(flat(root.querySelector("[role=status]") as Element)).toBe("");
  });

  it("is over as soon as the plan is", async () => {
    const { show } = await desk(shown([one("ready-counting")]));
    const ticking = vi.getTimerCount();
    await show(shown([one("ready")]));
    expect([screen.queryByRole("timer"), vi.getTimerCount()]).toEqual([null, ticking - 1]);
  });
});

describe("a pause", () => {
  const picture = (until?: string) =>
    shown([one("up-to-date")], { view: { ...shown([one("up-to-date")]).view, paused: { since: "2030-06-04T14:00:00Z", ...(until ? { until } : {}) } } });

  it("is told above the programs, and can be ended there", async () => {
    const { root, backend, show } = await desk(picture("2030-06-07T14:00:00Z"));
    expect(flat(root.querySelector("[data-paused]") as Element)).toContain("Updates are paused until Fri 2:00 PM.");
    await fireEvent.click(screen.getByRole("button", { name: "Resume" }));
    expect(backend.pause.mock.calls).toEqual([[null]]);
    await show(picture());
    expect(flat(root.querySelector("[data-paused]") as Element)).toContain("paused until you resume them");
    await show(shown([one("up-to-date")]));
    expect(root.querySelector("[data-paused]")).toBeNull();
  });

  it("that could not be ended says so", async () => {
    await desk(picture(), { pause: () => Promise.reject(new Error("x")) });
    await fireEvent.click(screen.getByRole("button", { name: "Resume" }));
    await settle();
    expect(flat(screen.getByRole("alert"))).toContain("did not take this");
  });
});
