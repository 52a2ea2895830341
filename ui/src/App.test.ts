/** The window as a whole: what it asks for, what it shows of the app itself, and what changes from picture to picture. */
import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import App from "./App.svelte";
import type { Backend } from "./backend";
import type { Entry } from "./order";
import type { Panel } from "./panels";
import { desk, flat, settle, words } from "./test/desk";
import { as, NOW, shell, shown } from "./test/fixtures";
import { ALL } from "./test/states";

const one = (name: string) => ALL[name] as Entry;
const at = (panel: Panel, more: Partial<Backend> = {}) => desk(shown([one("up-to-date")]), more, words, () => NOW, panel);
const button = (name: string) => screen.getByRole("button", { name });

describe("the headline", () => {
  it("checks all programs, and only while nothing runs", async () => {
    const { backend, show, root } = await desk(shown([one("up-to-date")]));
    expect(flat(root.querySelector("header") as Element)).toBe("Everything is up to date Checked 12 min ago. Next: 6:40 PM. Check now");
    await fireEvent.click(within(root.querySelector("header") as HTMLElement).getByRole("button"));
    expect(backend.checkAll).toHaveBeenCalledOnce();
    await show(shown([one("up-to-date"), as("b", "B", one("downloading"))]));
    expect(root.querySelector("header button")).toBeNull();
    // Its card has "Try again".
    await show(shown([one("failed-check")]));
    expect(root.querySelector("header button")).toBeNull();
    await show(shown([]));
    expect(root.querySelector("header button")).toBeNull();
  });
});

describe("the panels", () => {
  const current = () => screen.getAllByRole("button").filter((button) => button.getAttribute("aria-current") === "page").map(flat);

  it("are four, and one of them is open", async () => {
    const { root } = await desk(shown([one("ready")]));
    const nav = screen.getByRole("navigation", { name: "Parts of this window" });
    expect(within(nav).getAllByRole("button").map(flat)).toEqual(["Updates", "History", "Settings", "Support"]);
    for (const name of ["History", "Settings", "Support", "Updates"]) {
      const there = button(name);
      there.focus();
      await fireEvent.click(there);
      await settle();
      expect(current()).toEqual([name]);
      expect(document.activeElement).toBe(there);
      expect(root.querySelectorAll("h1")).toHaveLength(1);
      expect(root.querySelector("[data-app=lantern]") !== null).toBe(name === "Updates");
    }
  });

  it("open at the one that is wanted first", async () => {
    await at("support");
    expect(current()).toEqual(["Support"]);
  });

  it("follow each click outside of the window once, also while it is open", async () => {
    const clicked = (number: number, panel: Panel) => shown([one("ready")], { shell: { ...shell, go: { number, panel } } });
    const { show } = await desk(clicked(1, "support"));
    expect(current()).toEqual(["Support"]);
    await fireEvent.click(button("History"));
    await show(clicked(1, "support"));
    expect(current()).toEqual(["History"]);
    await show(clicked(2, "settings"));
    expect(current()).toEqual(["Settings"]);
    await show(clicked(3, "settings"));
    expect(current()).toEqual(["Settings"]);
    await show(shown([one("ready")]));
    expect(current()).toEqual(["Settings"]);
  });

  it("stay when the window is drawn anew, whatever was clicked before", async () => {
    const clicked = (number: number) => shown([one("ready")], { shell: { ...shell, go: { number, panel: "updates" as const } } });
    const { show } = await desk(clicked(4), {}, words, () => NOW, "settings");
    expect(current()).toEqual(["Settings"]);
    await show(clicked(5));
    expect(current()).toEqual(["Updates"]);
  });

  it("leave what happens to be told aloud", async () => {
    const { show } = await at("history");
    await show(shown([one("ready")]));
    expect(flat(screen.getAllByRole("status").at(-1) as Element)).toContain("Lantern: Version 7.2.0 is ready.");
  });
});

describe("pictures", () => {
  it("replace each other", async () => {
    const { show, text } = await desk(shown([one("available")]));
    await show(shown([one("ready")]));
    expect(text()).toContain("Restart to update");
    expect(text()).not.toContain("Install");
  });

  it("are said aloud where they differ", async () => {
    const { show } = await desk(shown([one("available")]));
    const aloud = screen.getByRole("status");
    expect([aloud.getAttribute("aria-live"), flat(aloud)]).toEqual(["polite", ""]);
    await show(shown([one("ready")]));
    expect(flat(aloud)).toBe("Lantern: Version 7.2.0 is ready.");
  });

  it("leave the keyboard at the card whose button is gone", async () => {
    const { show, root } = await desk(shown([one("available"), as("b", "B", one("up-to-date"))]));
    button("Install").focus();
    await show(shown([one("downloading"), as("b", "B", one("up-to-date"))]));
    expect(document.activeElement).toBe(root.querySelector('[data-app="lantern"]'));
    await show(shown([one("up-to-date"), as("b", "B", one("up-to-date"))]));
    expect((document.activeElement as HTMLElement).dataset["app"]).toBe("lantern");
  });

  it("that never come are told", async () => {
    const backend = { subscribe: () => Promise.reject(new Error("gone")) } as never;
    render(App, { backend, words });
    await settle();
    expect(flat(screen.getByRole("alert"))).toContain("cannot reach the updater");
  });
});

describe("what is true for all programs", () => {
  it("no programs: how they are added", async () => {
    const { text } = await desk(shown([]));
    expect(text()).toContain("No programs yet");
    expect(text()).toContain("autoupdate enrol FILE");
  });

  it("enrolments that cannot be read: file, line, key and rule", async () => {
    const problems = [
      { file: "/etc/autoupdate/a.toml", line: 7, key: "sources", text: "at least one is needed" },
      { file: "/etc/autoupdate/b.toml", line: 3, text: "not TOML" },
      { file: "/etc/autoupdate/c.toml", key: "path", text: "not absolute" },
      { file: "/etc/autoupdate/d.toml", text: "permission denied" },
    ];
    const { root } = await desk(shown([], { view: { format: 1, apps: [], problems } }));
    expect([...root.querySelectorAll(".problem")].map(flat)).toEqual([
      "This enrolment cannot be used /etc/autoupdate/a.toml Line 7, sources: at least one is needed",
      "This enrolment cannot be used /etc/autoupdate/b.toml Line 3: not TOML",
      "This enrolment cannot be used /etc/autoupdate/c.toml path: not absolute",
      "This enrolment cannot be used /etc/autoupdate/d.toml permission denied",
    ]);
  });

  it("a parser's drawing keeps its lines", async () => {
    const text = "TOML parse error at line 2, column 8\n  |\n2 | name = 7\n  |        ^\nexpected a string\n";
    const problems = [{ file: "/etc/autoupdate/a.toml", line: 2, text }];
    const { root } = await desk(shown([], { view: { format: 1, apps: [], problems } }));
    expect(root.querySelector(".problem pre")?.textContent).toBe(text.trimEnd());
  });

  it("no tray, and who updates this app", async () => {
    const { text, show } = await desk(shown([one("up-to-date")]));
    expect(text()).not.toMatch(/no tray|package manager/);
    expect(text()).toContain("Updater 1.4.0.");
    await show(shown([one("up-to-date")], { shell: { ...shell, tray: false, packaged: true } }));
    expect(text()).toContain("There is no tray here");
    expect(text()).toContain("This updater is updated by your package manager.");
  });

  it("other channels are named", async () => {
    const { root } = await desk(shown([as("a", "A", one("ready"), { channel: "beta" }), one("ready")]));
    expect([...root.querySelectorAll(".chip")].map(flat)).toEqual(["beta"]);
  });
});

describe("start at login", () => {
  it("is as the app says, and asks for the other", async () => {
    const { backend, show } = await at("settings");
    const box = screen.getByRole<HTMLInputElement>("switch", { name: "Start when I log in" });
    expect(box.checked).toBe(true);
    await fireEvent.click(box);
    expect(backend.startAtLogin.mock.calls).toEqual([[false]]);
    await show(shown([], { shell: { ...shell, starts_at_login: false } }));
    expect(box.checked).toBe(false);
  });

  it("goes back if it could not be changed", async () => {
    await at("settings", { startAtLogin: () => Promise.reject(new Error("read-only")) });
    const box = screen.getByRole<HTMLInputElement>("switch", { name: "Start when I log in" });
    await fireEvent.click(box);
    await settle();
    expect(box.checked).toBe(true);
    expect(flat(screen.getByRole("alert"))).toContain("could not be changed");
  });
});
