/** What can be set: every control asks for its line of the settings file, and shows what is in effect. */
import { fireEvent, screen, within } from "@testing-library/svelte";
import { afterEach, describe, expect, it } from "vitest";

import type { Backend, Knob } from "./backend";
import type { Setting } from "./generated/Setting";
import type { Shown } from "./generated/Shown";
import type { Entry } from "./order";
import { desk, flat, settle, words } from "./test/desk";
import { NOW, shown } from "./test/fixtures";
import { EXAMINED, OF_LANTERN, setting, SETTINGS, withSettings } from "./test/panels";
import { ALL } from "./test/states";

const picture = shown([ALL["up-to-date"] as Entry]);
const open = (more: Partial<Backend> = {}, of: Shown = picture) => desk(of, more, words, () => NOW, "settings");
const control = <T extends Element>(root: Element, knob: string) => root.querySelector<T>(`[data-knob=${knob}]`) as T;

/** The settings of one program, with these of them in place of others. */
async function program(changes: Setting[] = [], more: Partial<Backend> = {}) {
  const apps = { lantern: withSettings(OF_LANTERN, ...changes) };
  const there = await open({ settings: async () => ({ ...SETTINGS, apps }), ...more });
  await fireEvent.change(there.root.querySelector(".program select")!, { target: { value: "lantern" } });
  await settle();
  return there;
}

const refuse = { set: () => Promise.reject({ id: "act-too-late", args: {}, count: null }) };

afterEach(() => void delete document.documentElement.dataset["theme"]);

describe("of all programs", () => {
  it.each<[Knob, string]>([
    ["language", "fa"],
    ["look", "dark"],
    ["metered", "allow"],
    ["check_every", "12h"],
    ["proxy", "off"],
  ])("%s is chosen", async (knob, value) => {
    const { root, backend } = await open();
    await fireEvent.change(control(root, knob), { target: { value } });
    await settle();
    expect(backend.set.mock.calls).toEqual([[null, knob, value]]);
  });

  it("the mode is one of four, each with what it means", async () => {
    const { root, backend } = await open();
    const group = screen.getByRole("radiogroup", { name: "Updates" });
    expect(within(group).getAllByRole("radio").map((radio) => flat(radio.closest("label")!))).toEqual([
      "AutomaticDownloads and installs when nobody is disturbed",
      "Download onlyDownloads; you choose when to restart",
      "Ask meNothing is downloaded before you say so",
      "OffNothing is looked for by itself",
    ]);
    expect(control<HTMLInputElement>(root, "mode").checked).toBe(true);
    await fireEvent.click(within(group).getAllByRole("radio")[2] as Element);
    await settle();
    expect(backend.set.mock.calls).toEqual([[null, "mode", "ask"]]);
  });

  it("the battery is a switch", async () => {
    const { root, backend } = await open();
    await fireEvent.click(control(root, "battery"));
    expect(flat(root.querySelector("[data-setting=battery]")!)).toContain("Waits for the charger below 30%");
    expect(backend.set.mock.calls).toEqual([[null, "battery", "ignore"]]);
  });

  it("quiet hours are off, or between two times", async () => {
    const { root, backend } = await open();
    const times = () => [...root.querySelectorAll<HTMLInputElement>("[data-time]")];
    expect(times().map(({ value }) => value)).toEqual(["22:00", "07:00"]);
    await fireEvent.change(times()[0]!, { target: { value: "23:30" } });
    await fireEvent.change(times()[1]!, { target: { value: "" } });
    await fireEvent.click(control(root, "quiet_hours"));
    expect(backend.set.mock.calls).toEqual([[null, "quiet_hours", "23:30-07:00"], [null, "quiet_hours", "none"]]);
  });

  it("quiet hours that were off begin with usual ones", async () => {
    const none = withSettings(SETTINGS.general, setting("quiet_hours", "none"));
    const { root, backend } = await open({ settings: async () => ({ ...SETTINGS, general: none }) });
    expect(root.querySelector("[data-time]")).toBeNull();
    await fireEvent.click(control(root, "quiet_hours"));
    expect(backend.set.mock.calls).toEqual([[null, "quiet_hours", "22:00-07:00"]]);
  });

  it("the look is worn at once, and other words draw the window anew", async () => {
    const { root, anew } = await open();
    await fireEvent.change(control(root, "look"), { target: { value: "dark" } });
    await settle();
    expect([document.documentElement.dataset["theme"], anew.mock.calls]).toEqual(["dark", []]);
    await fireEvent.change(control(root, "language"), { target: { value: "ru" } });
    await settle();
    expect(anew.mock.calls).toEqual([["settings"]]);
  });

  it("a refused look is not worn, and refused words draw nothing", async () => {
    const { root, anew } = await open(refuse);
    await fireEvent.change(control(root, "look"), { target: { value: "dark" } });
    await fireEvent.change(control(root, "language"), { target: { value: "ru" } });
    await settle();
    expect([document.documentElement.dataset["theme"], anew.mock.calls]).toEqual([undefined, []]);
  });

  it("everything can be paused, and resumed", async () => {
    const { root, backend, show } = await open();
    for (const span of ["day", "week", "until-resumed"]) {
      await fireEvent.click(root.querySelector(`[data-pause=${span}]`)!);
      await settle();
    }
    await show({ ...picture, view: { ...picture.view, paused: { since: "2030-06-04T14:00:00Z", until: "2030-06-05T14:00:00Z" } } });
    expect(flat(root.querySelector(".row.tall")!)).toContain("Updates are paused until Wed 2:00 PM.");
    await fireEvent.click(root.querySelector("[data-pause=resume]")!);
    expect(backend.pause.mock.calls).toEqual([["day"], ["week"], ["until-resumed"], [null]]);
  });

  it("what was set by hand goes back to the default", async () => {
    const { root, backend } = await open();
    expect([...root.querySelectorAll<HTMLElement>("[data-reset]")].map(({ dataset }) => dataset["reset"])).toEqual(["quiet_hours"]);
    await fireEvent.click(screen.getByRole("button", { name: "Back to the default" }));
    expect(backend.set.mock.calls).toEqual([[null, "quiet_hours", null]]);
  });
});

describe("of one program", () => {
  it("asks for its own lines, and has none of the updater's", async () => {
    const { root, backend } = await program();
    const knobs = new Set([...root.querySelectorAll<HTMLElement>("[data-knob]")].map(({ dataset }) => dataset["knob"]));
    expect([...knobs]).toEqual(["mode", "quiet_hours", "metered", "battery", "channel", "pin"]);
    await fireEvent.change(control(root, "metered"), { target: { value: "wait" } });
    expect(backend.set.mock.calls).toEqual([["lantern", "metered", "wait"]]);
  });

  it("says what it has from all programs, and goes back to that", async () => {
    const { root, backend } = await program();
    expect(flat(root.querySelector("[data-setting=quiet_hours]")!)).toContain("As for all programs");
    expect(root.querySelector("[data-reset=quiet_hours]")).toBeNull();
    await fireEvent.click(screen.getByRole("button", { name: "Like all programs" }));
    expect(backend.set.mock.calls).toEqual([["lantern", "mode", null]]);
  });

  it("stays on the installed version, until it does not", async () => {
    const { root, backend } = await program();
    expect(flat(root.querySelector("[data-setting=pin]")!)).toContain("Stay on 7.1.0");
    await fireEvent.click(control(root, "pin"));
    expect(backend.set.mock.calls).toEqual([["lantern", "pin", "7.1.0"]]);
    const pinned = await program([setting("pin", "7.0.0", "person", "x:1")]);
    expect(flat(pinned.root.querySelector("[data-setting=pin]")!)).toContain("Stay on 7.0.0");
    await fireEvent.click(control(pinned.root, "pin"));
    expect(pinned.backend.set.mock.calls).toEqual([["lantern", "pin", "none"]]);
  });

  it("offers again what is skipped or held", async () => {
    const { root, backend } = await program();
    expect(flat(root.querySelector("[data-row=release]")!)).toContain("Skipped: 7.0.9");
    await fireEvent.click(root.querySelector("[data-act=release]")!);
    expect(backend.act.mock.calls).toEqual([["lantern", "release"]]);
    const held = await program([], { examine: async () => ({ ...EXAMINED, on_hold: true }) });
    expect(flat(held.root.querySelector("[data-row=release]")!)).toContain("On hold");
    const free = await program([], { examine: async () => ({ ...EXAMINED, skipped: [] }) });
    expect(free.root.querySelector("[data-row=release]")).toBeNull();
  });
});

describe("what the administrator set", () => {
  it.each(OF_LANTERN.map(({ key, value }) => [key, value]))("%s is locked, and says so", async (key, value) => {
    const { root } = await program([setting(key as string, value as string, "administrator", "/etc/autoupdate/policy.toml:1")]);
    const row = root.querySelector(`[data-setting=${key}]`)!;
    expect(flat(row)).toContain("Set by your administrator");
    const controls = [...row.querySelectorAll<HTMLInputElement>("input, select")];
    expect(controls.length).toBeGreaterThan(0);
    expect(controls.every(({ disabled }) => disabled)).toBe(true);
    expect(row.querySelector("[data-reset]")).toBeNull();
  });
});

describe("a change that is refused goes back to what is in effect, and says why beside it", () => {
  const why = "This has changed in the meantime.";

  it.each<[string, string]>([["metered", "wait"], ["quiet_hours", "none"], ["battery", "ignore"], ["mode", "off"]])("%s", async (knob, value) => {
    const { root } = await open(refuse);
    const row = root.querySelector(`[data-setting=${knob}]`)!;
    const state = () => [...row.querySelectorAll<HTMLInputElement>("input, select")].map((it) => [it.value, it.checked]);
    const before = state();
    const there = value === "off" ? row.querySelector(`[value=off]`)! : control<HTMLInputElement>(row, knob);
    if (there.tagName === "SELECT") await fireEvent.change(there, { target: { value } });
    else await fireEvent.click(there);
    await settle();
    expect(flat(within(row as HTMLElement).getByRole("alert"))).toContain(why);
    expect(state()).toEqual(before);
  });

  it("and what the app says of it is shown when it was taken", async () => {
    let metered = "small";
    const { root } = await open({
      set: async (_, __, value) => void (metered = value ?? "small"),
      settings: async () => ({ ...SETTINGS, general: withSettings(SETTINGS.general, setting("metered", metered, "person", "x:1")) }),
    });
    await fireEvent.change(control(root, "metered"), { target: { value: "allow" } });
    await settle();
    expect(control<HTMLSelectElement>(root, "metered").value).toBe("allow");
    expect(root.querySelector("[data-reset=metered]")).not.toBeNull();
  });
});

it("settings that cannot be read are told, and what needs none is there", async () => {
  const { root } = await open({ settings: () => Promise.reject(new Error("gone")) });
  expect(flat(screen.getByRole("alert"))).toContain("could not be read");
  expect(root.querySelectorAll("[data-knob]")).toHaveLength(0);
  expect(root.querySelector("[data-switch=start-at-login]")).not.toBeNull();
});
