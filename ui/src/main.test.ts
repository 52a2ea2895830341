/** How the window begins: in the language, the look and the panel that it is to have. */
import { clearMocks, mockIPC } from "@tauri-apps/api/mocks";
import { afterEach, expect, it, vi } from "vitest";

import type { Setting } from "./generated/Setting";
import { flat, settle } from "./test/desk";
import { shown } from "./test/fixtures";
import { setting } from "./test/panels";

afterEach(() => {
  clearMocks();
  document.body.replaceChildren();
  delete document.documentElement.dataset["theme"];
});

async function begin(general: readonly Setting[] | Error, hash = "") {
  mockIPC((command, args) => {
    if (command === "settings") return general instanceof Error ? Promise.reject(general) : { general, apps: {} };
    if (command !== "next") return [];
    return (args as { seen: number }).seen === 0 ? [1, shown([])] : new Promise(() => {});
  });
  vi.stubGlobal("navigator", { ...navigator, languages: ["ru", "en"] });
  document.body.innerHTML = '<div id="app"></div>';
  location.hash = hash;
  vi.resetModules();
  await import("./main");
  await settle();
  vi.unstubAllGlobals();
  const { lang, dir, dataset } = document.documentElement;
  return { lang, dir, theme: dataset["theme"], open: flat(document.querySelector("[aria-current]") as Element), hash: location.hash };
}

it("as the settings say", async () => {
  const there = await begin([setting("language", "fa"), setting("look", "dark")]);
  expect(there).toEqual({ lang: "fa", dir: "rtl", theme: "dark", open: "به‌روزرسانی‌ها", hash: "" });
});

it("as the system is, if they say so or cannot be read", async () => {
  for (const general of [[setting("language", "system"), setting("look", "system")], [], new Error("gone")])
    expect(await begin(general)).toEqual({ lang: "ru", dir: "ltr", theme: undefined, open: "Обновления", hash: "" });
});

it("with the panel that was open when its words changed, and only then", async () => {
  expect(await begin([setting("language", "en")], "#settings")).toMatchObject({ lang: "en", open: "Settings", hash: "" });
  expect(await begin([setting("language", "en")], "#nothing")).toMatchObject({ open: "Updates" });
});
