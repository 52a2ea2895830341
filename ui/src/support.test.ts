/** A program examined: why there is no update, every fact, and what can be tried. */
import { fireEvent, screen } from "@testing-library/svelte";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { Backend } from "./backend";
import type { Examined } from "./generated/Examined";
import type { Shown } from "./generated/Shown";
import type { Entry } from "./order";
import { deciding } from "./support";
import { desk, flat, settle, words } from "./test/desk";
import { as, failure, NOW, shown } from "./test/fixtures";
import { DIAGNOSTICS, EXAMINED, EXPORTED, setting } from "./test/panels";
import { ALL } from "./test/states";

const one = (name: string) => ALL[name] as Entry;
const open = (of: Shown = shown([one("not-yet")]), more: Partial<Backend> = {}) => desk(of, more, words, () => NOW, "support");
const examined = (changes: Partial<Examined>, of = one("not-yet")) => open(shown([of]), { examine: async () => ({ ...EXAMINED, ...changes }) });
const facts = (root: Element) => new Map([...root.querySelectorAll(".facts > div")].map((row) => [flat(row.children[0]!), flat(row.children[1]!)]));
const click = (root: Element, selector: string) => fireEvent.click(root.querySelector(selector) as Element).then(settle);

afterEach(() => vi.unstubAllGlobals());

describe("why there is no update", () => {
  it("is told in the words of the present state, with the rule that decided", async () => {
    const { root } = await open();
    expect(flat(root.querySelector(".banner")!)).toBe(
      "Why no update? Version 7.2.0 comes to this computer laterIt goes out in steps, so that problems show early. It has reached 20% of all computers, and this one follows by itself. The rule that said no: “it is this computer's turn”",
    );
  });

  it.each([
    ["deferred-metered", "waits for another network"],
    ["up-to-date", "Up to date"],
    ["nothing-newer", "This source cannot prove that what is installed is the newest version."],
    ["failed", "There is not enough free space"],
    ["disabled-by-machine", "Your administrator turned off looking by itself."],
    ["rolled-back", "ended too early"],
  ])("%s", async (name, expected) => {
    const { root } = await open(shown([one(name)]));
    expect(flat(root.querySelector(".banner")!)).toContain(expected);
  });

  it.each(["available", "ready", "downloading", "updated"])("is no question while it is %s", async (name) => {
    const { root } = await open(shown([one(name)]));
    expect(root.querySelector(".banner")).toBeNull();
  });

  it("the last rule that said stop decided", () => {
    expect(deciding(EXAMINED.trace)?.rule).toBe("percentage");
    expect(deciding([])).toBeNull();
  });
});

describe("what may be sent to whoever helps", () => {
  it("is copied", async () => {
    const writeText = vi.fn(async () => {});
    vi.stubGlobal("navigator", { clipboard: { writeText } });
    const { root } = await open();
    await click(root, "[data-diagnostics=copy]");
    expect(writeText.mock.calls).toEqual([[DIAGNOSTICS]]);
    expect(flat(root.querySelector("[data-done]")!)).toBe("Copied. It holds no names and no passwords.");
  });

  it("can be copied by hand where the clipboard is closed", async () => {
    vi.stubGlobal("navigator", { clipboard: { writeText: () => Promise.reject(new Error("no")) } });
    const { root } = await open();
    await click(root, "[data-diagnostics=copy]");
    const text = screen.getByRole<HTMLTextAreaElement>("textbox", { name: /Copy this text by hand/ });
    expect([text.value, text.readOnly, document.activeElement]).toEqual([DIAGNOSTICS, true, text]);
    expect(text.selectionEnd).toBe(DIAGNOSTICS.length);
  });

  it("is written to a file, whose place is told, and the log is opened", async () => {
    const { root, backend } = await open();
    await click(root, "[data-diagnostics=export]");
    expect(flat(root.querySelector("[data-done]")!)).toBe(`Written to ${EXPORTED}`);
    await click(root, "[data-diagnostics=log]");
    expect([backend.openLog.mock.calls.length, flat(root.querySelector("[data-done]")!)]).toEqual([1, ""]);
  });

  it.each(["copy", "export", "log"])("says if it could not: %s", async (what) => {
    const gone = () => Promise.reject({ id: "act-too-late", args: {}, count: null });
    const { root } = await open(undefined, { diagnostics: gone, exportDiagnostics: gone, openLog: gone });
    await click(root, `[data-diagnostics=${what}]`);
    expect(flat(screen.getByRole("alert"))).toContain("changed in the meantime");
  });

  it("needs no program", async () => {
    const { root, text, backend } = await open(shown([]));
    expect(text()).toContain("autoupdate enrol FILE");
    await click(root, "[data-diagnostics=export]");
    expect([backend.exportDiagnostics.mock.calls.length, backend.examine.mock.calls.length]).toEqual([1, 0]);
  });
});

describe("facts", () => {
  it("are of the program, its last check and the way there", async () => {
    const { root } = await open();
    expect(Object.fromEntries(facts(root))).toMatchObject({
      Version: "7.1.0",
      Checksum: `${EXAMINED.installed?.sha256} as the publisher signed it`,
      "Installed in": "/opt/lantern/lantern owned by mecan be replaced",
      "Enrolled by": "you",
      "Rollout group": "64 of 100",
      "Holds and pins": "Skipped: 7.0.9",
      "Nothing older than": "7.1.0",
      "Last check": "6:16 PM by itself",
      Result: "Version 7.2.0 comes to this computer later",
      "Next check": "6:40 PM",
      Server: "https://updates.example.org/lantern",
      "Free space": "61.0 MB",
    });
  });

  it("say what is in the way, and what is held", async () => {
    const { root } = await examined({
      recorded: false, on_hold: true, in_the_way: { ...failure, code: "E-FILE-OWNER" }, skipped: [], bucket: null, floor: null, free_bytes: null,
      settings: [setting("pin", "7.1.0", "person", "x:1")],
    });
    const all = facts(root);
    expect(all.get("Checksum")).toContain("not known to be a release");
    expect(all.get("Installed in")).toContain("belongs to somebody else on this computer");
    expect(all.get("Holds and pins")).toBe("On hold Stay on 7.1.0");
    expect(["Rollout group", "Nothing older than", "Free space"].filter((name) => all.has(name))).toEqual([]);
  });

  it("name the key of a source that proves less than others", async () => {
    const lantern = facts((await examined({ source: "lantern", key: "f".repeat(64), trace: [] }, one("nothing-newer"))).root);
    expect([lantern.get("Kind of server"), lantern.get("Publisher's key")]).toEqual(["Lantern it cannot prove that a version is the newest", "f".repeat(64)]);
    expect(lantern.get("Result")).toBe("No newer version was offered");
    const usual = facts((await open()).root);
    expect(["Kind of server", "Publisher's key"].filter((name) => usual.has(name))).toEqual([]);
  });

  it("say what cannot be known", async () => {
    const { root } = await examined({ installed: null }, one("disabled-by-user"));
    const all = facts(root);
    expect([all.get("Version"), all.get("Last check"), all.get("Next check"), all.has("Checksum")]).toEqual(["cannot be read", "never", "not planned", false]);
    const failed = { ...one("failed"), app: { ...one("failed").app, last_check: { at: "2030-06-04T18:00:00Z", by: "person" as const, failure: { ...failure, code: "E-NET-DNS" } } } };
    expect(facts((await examined({}, failed)).root).get("Result")).toContain("name of the update server was not found");
  });

  it("of settings have their source", async () => {
    const { root } = await open();
    const rows = [...root.querySelectorAll(".with-source")].map((row) => [...row.children].map(flat));
    expect(rows[0]).toEqual(["Updates", "Download only", "your choice", "/home/me/.config/autoupdate/settings.toml:9"]);
    expect(rows[1]).toEqual(["Channel", "Stable", "your administrator", "/etc/autoupdate/policy.toml:3"]);
    expect(rows.at(-1)).toEqual(["Proxy", "From the system", "default"]);
  });
});

describe("the rules", () => {
  it("are shown one by one when asked for", async () => {
    const { root } = await open();
    expect(root.querySelector("[data-rule]")).toBeNull();
    await click(root, "[data-rules]");
    expect([...root.querySelectorAll("[data-rule]")].map(flat).slice(1)).toEqual([
      "it is newer than what is installed 7.3.0 nothing against it installed: 7.1.0",
      "you do not skip it 7.3.0 would say no, but your wish counts more skipped: true",
      "it is this computer's turn 7.3.0 says no share: 2000bucket: 6312",
    ]);
    await click(root, "[data-rules]");
    expect(root.querySelector("[data-rule]")).toBeNull();
  });

  it("may be none", async () => {
    expect((await examined({ trace: [] })).text()).toContain("No check has asked a rule yet.");
  });
});

describe("what can be tried", () => {
  const rows = (root: Element) => [...root.querySelectorAll<HTMLElement>("[data-row]")].map(({ dataset }) => dataset["row"]);

  it("is what the program's face says, and each asks for its act", async () => {
    const { root, backend } = await open(shown([{ ...one("available"), ...as("lantern", "Lantern", one("available"), { previous: "7.0.0" }) }].map((it) => ({ ...it, face: { ...it.face, support: ["force", "full", "repair", "roll-back", "hold", "release"] } }))));
    expect(rows(root)).toEqual(["force", "full", "repair", "roll-back", "hold", "pick"]);
    for (const act of rows(root).slice(0, -1)) await click(root, `[data-act=${act}]`);
    expect(backend.act.mock.calls).toEqual(["force", "full", "repair", "roll-back", "hold"].map((act) => ["lantern", act]));
    expect(flat(root.querySelector("[data-row=roll-back]")!)).toContain("Go back to 7.0.0 Lantern restarts; your files stay");
  });

  it("releases what is on hold", async () => {
    const { root, backend } = await examined({ on_hold: true });
    expect(rows(root)).toEqual(["force", "repair", "roll-back", "release", "pick"]);
    await click(root, "[data-act=release]");
    expect(backend.act.mock.calls).toEqual([["lantern", "release"]]);
  });

  it("is nothing while something goes on", async () => {
    expect(rows((await open(shown([one("downloading")]))).root)).toEqual([]);
  });

  it("tells beside it if it was refused", async () => {
    const { root } = await open(undefined, { act: () => Promise.reject(new Error("x")) });
    await click(root, "[data-act=repair]");
    expect(flat(root.querySelector("[data-row=repair] [role=alert]")!)).toContain("did not take this");
  });

  it("versions can be chosen, and those that cannot say why", async () => {
    const { root, backend } = await examined({ versions: [...EXAMINED.versions, { version: "7.1.0", reason: { reason: "below-floor", floor: "7.1.0" } }] });
    await click(root, "[data-versions]");
    const list = [...root.querySelectorAll<HTMLElement>("[data-version]")].map((row) => [
      row.dataset["version"], row.querySelector("button")?.disabled, flat(row.querySelector(".words")!),
    ]);
    expect(list).toEqual([
      ["7.3.0", true, expect.stringContaining("It goes out in steps")],
      ["7.2.0", false, "7.2.0"],
      ["7.0.9", true, expect.stringContaining("You skipped it.")],
      ["7.1.0", undefined, "7.1.0 installed"],
    ]);
    await click(root, '[data-pick="7.2.0"]');
    expect(backend.pick.mock.calls).toEqual([["lantern", "7.2.0"]]);
  });
});

it("is of another program when one is chosen, and is looked at again with every picture", async () => {
  const both = shown([one("not-yet"), as("ledger", "Ledger", one("failed"))]);
  const { root, backend, show } = await open(both);
  await fireEvent.change(root.querySelector(".program select")!, { target: { value: "ledger" } });
  await settle();
  expect(flat(root.querySelector(".banner")!)).toContain("not enough free space");
  await show({ ...both });
  await show(shown([one("not-yet")]));
  expect(backend.examine.mock.calls.map(([app]) => app)).toEqual(["lantern", "ledger", "ledger", "lantern"]);
});

it("a program that cannot be examined is told so, and can be tried later", async () => {
  const { text } = await open(undefined, { examine: () => Promise.reject(new Error("gone")) });
  expect(flat(screen.getByRole("alert"))).toContain("could not be read just now");
  expect(text()).toContain("Why no update?");
});
