/** What happens in a card: wishes, details, release notes, the bar. */
import { fireEvent, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Block } from "./generated/Block";
import type { Entry } from "./order";
import { desk, flat, settle } from "./test/desk";
import { as, offer, progress, shown } from "./test/fixtures";
import { ALL } from "./test/states";

const one = (name: string) => ALL[name] as Entry;
const button = (name: string) => screen.getByRole("button", { name });

describe("wishes", () => {
  it("that were refused are told in the card, until it changes", async () => {
    const late = { id: "act-too-late", args: {}, count: null };
    const { show } = await desk(shown([one("ready")]), { act: () => Promise.reject(late) });
    await fireEvent.click(button("Restart to update"));
    await settle();
    expect(flat(screen.getByRole("alert"))).toBe("This has changed in the meantime. Look at what is shown now.");
    await show(shown([one("waiting-for-close")]));
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("that were refused are told in a card of one line, too", async () => {
    await desk(shown([one("up-to-date")]), { act: () => Promise.reject(new Error("x")) });
    await fireEvent.click(button("Check now: Lantern"));
    await settle();
    expect(flat(screen.getByRole("alert"))).toContain("did not take this");
  });

  it("are given once, however often somebody clicks", async () => {
    const { backend } = await desk(shown([one("ready")]), { act: () => new Promise(() => {}) });
    await fireEvent.click(button("Restart to update"));
    await fireEvent.click(button("Restart to update"));
    expect(backend.act.mock.calls).toEqual([["lantern", "restart"]]);
  });
});

describe("details", () => {
  it("open and close, and say code, step, who, when and the technical text", async () => {
    const { root } = await desk(shown([one("failed")]));
    expect(root.querySelector(".facts")).toBeNull();
    await fireEvent.click(button("Details"));
    const facts = [...root.querySelectorAll(".facts > div")].map((row) => [...row.children].map(flat));
    expect(facts).toEqual([
      ["Code", "E-DISK-FULL"],
      ["Step", "before the download"],
      ["Who can mend it", "you, or your administrator"],
      ["Next try", "by itself: 7:10 PM"],
      ["Technically", "/opt/lantern needs 142000000 bytes of free space and has 61000000; free some space"],
    ]);
    expect(button("Hide details").getAttribute("aria-controls")).toBe(root.querySelector(".facts")?.id);
    await fireEvent.click(button("Hide details"));
    expect(root.querySelector(".facts")).toBeNull();
  });

  it.each([
    ["failed-to-close", "when you ask for it"],
    ["failed-check", "by itself, with the next check"],
    ["cannot-verify", "by itself: 6:40 PM"],
  ])("%s is tried again %s", async (name, expected) => {
    const { text } = await desk(shown([one(name)]));
    await fireEvent.click(button("Details"));
    expect(text()).toContain(expected);
  });
});

describe("release notes", () => {
  const evil = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;
  const line = (text: string): Block => ({ kind: "paragraph", words: [{ kind: "text", text }] });
  const notes: Block[] = [
    { kind: "heading", words: [{ kind: "strong", text: evil }] },
    { kind: "list", ordered: true, items: Array.from({ length: 9 }, (_, index) => [line(`item ${index} ${evil}`)]) },
    { kind: "paragraph", words: [{ kind: "code", text: evil }] },
    { kind: "code", text: evil },
  ];

  it("are plain text whatever they hold, and long ones wait behind a button", async () => {
    const { root } = await desk(shown([one("available")]), { notes: async () => notes });
    const section = root.querySelector(".notes") as HTMLElement;
    expect(flat(section.querySelector("h3") as Element)).toBe("What is new in 7.2.0");
    expect(section.querySelector("img, script, a, iframe, [onerror], [style]")).toBeNull();
    expect(section.querySelectorAll("li")).toHaveLength(9);
    expect(flat(section).split(evil)).toHaveLength(13);
    expect(section.querySelector(".clipped")).not.toBeNull();
    await fireEvent.click(button("Show all notes"));
    expect(section.querySelector(".clipped")).toBeNull();
    await fireEvent.click(button("Show fewer notes"));
    expect(section.querySelector(".clipped")).not.toBeNull();
  });

  it("are asked for once per version, and only if there are some", async () => {
    const { backend, show } = await desk(shown([one("available"), as("b", "B", one("available-unknown"))]));
    await show(shown([one("downloading")]));
    await show(shown([one("available")]));
    expect(backend.notes.mock.calls).toEqual([["lantern"]]);
    const newer = { ...one("available"), app: { ...one("available").app, state: { state: "available" as const, offer: { ...offer, version: "7.3.0" } } } };
    await show(shown([newer]));
    expect(backend.notes.mock.calls).toEqual([["lantern"], ["lantern"]]);
  });

  it("that cannot be had are left out", async () => {
    const { root } = await desk(shown([one("available")]), { notes: () => Promise.reject(new Error("gone")) });
    expect(root.querySelector(".notes")).toBeNull();
  });
});

describe("a bar", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const pass = async (milliseconds: number) => {
    await vi.advanceTimersByTimeAsync(milliseconds);
    await settle();
  };
  const at = (fetched: number, way: "patch" | "full" = "patch"): Entry => {
    const entry = one("downloading");
    const route = way === "patch" ? progress.route : ({ way } as const);
    const state = { state: "downloading" as const, offer, progress: { ...progress, route, fetched, of: 100_000_000 } };
    return { ...entry, app: { ...entry.app, state } };
  };
  const width = () => (screen.getByRole("progressbar").firstElementChild as HTMLElement).style.getPropertyValue("inline-size");

  it("is set from script, and told to those who do not see it", async () => {
    await desk(shown([one("downloading")]));
    const bar = screen.getByRole("progressbar", { name: "Lantern" });
    expect([bar.getAttribute("aria-valuenow"), width()]).toEqual(["62", "62%"]);
    expect(bar.getAttribute("aria-valuetext")).toMatch(/^62%, 11\.4 of 18\.4.MB$/);
  });

  it("tells the time left after three seconds, whatever comes meanwhile", async () => {
    const { text, show } = await desk(shown([at(10_000_000)]));
    for (let quarter = 1; quarter <= 11; quarter += 1) {
      await pass(250);
      await show(shown([at(10_000_000 + quarter * 300_000)]));
    }
    expect(text()).not.toContain("left");
    await pass(500);
    expect(text()).toContain("about 2 min left");
    expect(screen.getByRole("progressbar").getAttribute("aria-valuetext")).toMatch(/, about 2.min left$/);
  });

  it("changes at most twice a second, never goes back, and starts again on another way", async () => {
    const { show } = await desk(shown([at(50_000_000)]));
    await show(shown([at(60_000_000)]));
    expect(width()).toBe("50%");
    await pass(500);
    expect(width()).toBe("60%");
    await show(shown([at(55_000_000)]));
    await pass(500);
    expect(width()).toBe("60%");
    await show(shown([at(1_000_000, "full")]));
    expect(width()).toBe("1%");
  });

  it("stays empty while nothing can be told", async () => {
    await desk(shown([one("downloading-starts")]));
    const bar = screen.getByRole("progressbar");
    expect([bar.hasAttribute("aria-valuenow"), width()]).toEqual([false, ""]);
  });
});
