/** Every state in every language: all of it in its words, its direction and its figures. */
import { fireEvent } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { announce } from "./announce";
import { catalogues } from "./catalogues";
import { desk, flat, only, settle } from "./test/desk";
import { lantern, NOW, offer, shown } from "./test/fixtures";
import { ALL } from "./test/states";

/** A person's language → what is only there in it. */
const LANGUAGES = {
  "en-GB": { direction: "ltr", letters: /[a-z]/, checked: "Checked 12 mins ago.", bytes: "11.4 of 18.4 MB", percent: "62%", count: "3 updates" },
  "zh-CN": { direction: "ltr", letters: /\p{Script=Han}/u, checked: "12 分钟前检查过。", bytes: "11.4 / 18.4 MB", percent: "62%", count: "3 个更新" },
  "fa-IR": { direction: "rtl", letters: /\p{Script=Arabic}/u, checked: "۱۲ دقیقه پیش بررسی شد.", bytes: "۱۱٫۴ از ۱۸٫۴ مگابایت", percent: "۶۲٪", count: "۳ به‌روزرسانی" },
  "ru-RU": { direction: "ltr", letters: /\p{Script=Cyrillic}/u, checked: "Проверено 12 мин назад.", bytes: "11,4 из 18,4 МБ", percent: "62 %", count: "3 обновления" },
} as const;

/** The text around arguments: arguments have elements of their own. Numbers with units and what is typed are no words. */
function spoken(root: Element): string {
  const copy = root.cloneNode(true) as Element;
  // What is offered in its own language is in none of the window's; names of programs are what they are.
  for (const apart of copy.querySelectorAll("bdi, svg, .pct, .slots, option[lang], option[dir=ltr], .program option")) apart.remove();
  return flat(copy);
}

/** Versions and codes that the direction of the text around them would tear apart. */
function turned(root: Element): string[] {
  const outside = texts(root).filter(
    ({ data, parentElement }) => /\d+\.\d+\.\d+|E-[A-Z]+-/.test(data) && !parentElement?.closest('[dir="ltr"]'),
  );
  return outside.map(({ data }) => data);
}

function texts(root: Element): Text[] {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  while (walker.nextNode()) found.push(walker.currentNode as Text);
  return found;
}

it("every catalogue is among them", () => {
  const used = Object.keys(LANGUAGES).map((locale) => only(locale).message("window-title"));
  expect(new Set(used).size).toBe(Object.keys(catalogues).length);
});

describe.each(Object.entries(LANGUAGES))("%s", (locale, { direction, letters, checked, bytes, percent, count }) => {
  const words = only(locale);

  it.each(Object.entries(ALL))("says %s in it alone, and versions and codes left to right", async (_, entry) => {
    const { root } = await desk(shown([entry]), {}, words);
    for (const details of root.querySelectorAll<HTMLElement>("[aria-expanded=false]")) await fireEvent.click(details);
    expect(spoken(root)).toMatch(letters);
    if (!locale.startsWith("en")) expect(spoken(root)).not.toMatch(/[A-Za-z]{2}/);
    expect(turned(root)).toEqual([]);
  });

  it.each(["history", "settings", "support"] as const)("says %s in it alone, and versions and codes left to right", async (panel) => {
    const { root } = await desk(shown([ALL["not-yet"]!]), {}, words, () => NOW, panel);
    for (const details of root.querySelectorAll<HTMLElement>("[aria-expanded=false]")) await fireEvent.click(details);
    await settle();
    const main = root.querySelector("main")!;
    expect(spoken(main)).toMatch(letters);
    if (!locale.startsWith("en")) expect(spoken(main)).not.toMatch(/[A-Za-z]{2}/);
    expect(turned(main)).toEqual([]);
  });

  it("has its figures and units", async () => {
    const { root, text } = await desk(shown([ALL["downloading"]!]), {}, words);
    expect(text()).toContain(bytes);
    expect(flat(root.querySelector(".pct")!)).toBe(percent);
    expect(root.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow")).toBe("62");
    expect((await desk(shown([ALL["up-to-date"]!]), {}, words)).text()).toContain(checked);
    expect(words.message({ id: "summary-available", args: {}, count: 3 })).toContain(count);
  });

  it("tells what has changed aloud", () => {
    const before = shown([ALL["downloading-starts"]!]);
    const after = shown([ALL["ready"]!]);
    expect(announce(before, after, words, NOW).join(" ")).toMatch(letters);
  });

  it("turns the document", async () => {
    vi.stubGlobal("navigator", { ...navigator, languages: [locale, "en"] });
    vi.resetModules();
    await import("./main");
    expect(document.documentElement).toMatchObject({ lang: locale, dir: direction });
    expect(document.title).toBe(words.message("window-title"));
    vi.unstubAllGlobals();
  });
});

it("Persian has Persian figures in every state, save where letters are Latin too", async () => {
  const words = only("fa");
  const pictures = [
    ...Object.values(ALL).map((entry) => [entry, "updates"] as const),
    ...(["history", "settings", "support"] as const).map((panel) => [ALL["not-yet"]!, panel] as const),
  ];
  for (const [entry, panel] of pictures) {
    const { root } = await desk(shown([entry]), {}, words, () => NOW, panel);
    const latin = texts(root.querySelector("main")!).filter(({ data, parentElement }) => /\d/.test(data) && !parentElement?.closest('bdi[dir="ltr"]'));
    expect(latin.map(({ data }) => data).filter((data) => !/[A-Za-z]/.test(data))).toEqual([]);
  }
});

it("Russian has a form for every count", () => {
  const words = only("ru");
  const ready = (count: number) => words.message({ id: "summary-ready", args: {}, count });
  expect([1, 2, 5, 21].map(ready)).toEqual([
    "Готово 1 обновление",
    "Готовы 2 обновления",
    "Готово 5 обновлений",
    "Готово 21 обновление",
  ]);
});

it("what is offered is offered in every language with the same version", () => {
  for (const locale of Object.keys(LANGUAGES)) {
    const pieces = only(locale).pieces({ id: "one-state-available", args: { name: lantern.name, version: offer.version } });
    expect(pieces).toContainEqual({ text: "7.2.0", dir: "ltr" });
    expect(pieces).toContainEqual({ text: "Lantern", dir: "auto" });
  }
});
