/** Where the keyboard's focus is when what had it is gone: nobody has to begin at the top again. */
import { fireEvent, screen } from "@testing-library/svelte";
import { expect, it } from "vitest";

import type { Backend } from "./backend";
import type { Shown } from "./generated/Shown";
import type { Entry } from "./order";
import type { Panel } from "./panels";
import { desk, settle, words } from "./test/desk";
import { as, NOW, shown } from "./test/fixtures";
import { EXAMINED, SETTINGS, setting, withSettings } from "./test/panels";
import { ALL } from "./test/states";

const one = (name: string) => ALL[name] as Entry;
const fine = shown([one("up-to-date"), as("ledger", "Ledger", one("up-to-date"))]);
const open = (panel: Panel, more: Partial<Backend> = {}, of: Shown = fine) => desk(of, more, words, () => NOW, panel);
const use = async (element: Element) => {
  (element as HTMLElement).focus();
  await fireEvent.click(element);
  await settle();
};
/** The next task: observers have been told by then. */
const later = () => new Promise((done) => setTimeout(done, 0));

it("is at the button that takes back what was done, when the answer comes late", async () => {
  let held = false;
  const { root, show } = await open("support", { act: async () => void (held = true), examine: async () => ({ ...EXAMINED, on_hold: held }) });
  await use(root.querySelector("[data-act=hold]")!);
  await show({ ...fine });
  await later();
  expect((document.activeElement as HTMLElement).dataset["act"]).toBe("release");
});

it("is in the row whose button is gone", async () => {
  const { root, show } = await open("settings");
  await use(root.querySelector("[data-pause=week]")!);
  const { view } = fine;
  await show({ ...fine, view: { ...view, paused: { since: "2030-06-04T18:28:00Z", until: "2030-06-11T18:28:00Z" } } });
  expect((document.activeElement as HTMLElement).dataset["pause"]).toBe("resume");
});

it("is at the control whose way back was used", async () => {
  let by = setting("metered", "wait", "person", "x:1");
  const { root } = await open("settings", {
    set: async () => void (by = setting("metered", "small")),
    settings: async () => ({ ...SETTINGS, general: withSettings(SETTINGS.general, by) }),
  });
  await use(root.querySelector("[data-reset=metered]")!);
  await later();
  expect((document.activeElement as HTMLElement).dataset["knob"]).toBe("metered");
});

it("stays where the person has taken it", async () => {
  const { root, show } = await open("settings");
  await use(root.querySelector("[data-pause=week]")!);
  screen.getByRole("button", { name: "History" }).focus();
  await show({ ...fine, view: { ...fine.view, paused: { since: "2030-06-04T18:28:00Z", until: null } } });
  await later();
  expect((document.activeElement as HTMLElement).dataset["panel"]).toBe("history");
});

it("is nowhere once somebody has clicked beside what had it", async () => {
  const { root, show } = await desk(shown([one("available")]));
  const there = root.querySelector<HTMLElement>("[data-act=install]")!;
  there.focus();
  await fireEvent.pointerDown(root.querySelector("main")!);
  there.blur();
  await show(shown([one("downloading")]));
  await later();
  expect(document.activeElement).toBe(document.body);
});

it("a program that was chosen stays chosen from panel to panel", async () => {
  const { root } = await open("support");
  const chosen = () => root.querySelector<HTMLSelectElement>(".program select")!.value;
  expect(chosen()).toBe("lantern");
  await fireEvent.change(root.querySelector(".program select")!, { target: { value: "ledger" } });
  for (const panel of ["settings", "history", "updates", "support"]) {
    await use(root.querySelector(`[data-panel=${panel}]`)!);
    if (panel !== "updates") expect([panel, chosen()]).toEqual([panel, "ledger"]);
  }
  await use(root.querySelector("[data-panel=settings]")!);
  await fireEvent.change(root.querySelector(".program select")!, { target: { value: "" } });
  await use(root.querySelector("[data-panel=support]")!);
  expect(chosen()).toBe("lantern");
});
