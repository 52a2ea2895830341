/**
 * Every scene in every language, light and dark, as pictures side by side for somebody to look at; and what a machine can
 * see of them: `eye.ts`, at the width that the window opens with and at the least it can be given.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { catalogues } from "../catalogues";
import { Browser, type Page } from "./browser";
import { SCENES } from "./scenes";
import { index, sheets, type Picture } from "./sheet";
import { HEIGHT, none, THEMES, throughout, visit, WIDTHS } from "./visit";

const FOLDER = resolve(process.env["AUTOUPDATE_GALLERY"] ?? "../target/gallery");
const LANGUAGES = Object.keys(catalogues).sort();

const pictures: Picture[] = [];
let browser: Browser | undefined;
let page: Page;
beforeAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(resolve(FOLDER, "pictures"), { recursive: true });
  browser = await Browser.start();
  page = await browser.page();
});
afterAll(() => browser?.stop());

describe.each(LANGUAGES)("%s", (lang) => {
  const letters = new Set<string>();

  it.each(Object.keys(SCENES))("%s", async (scene) => {
    await visit(page, scene, lang);
    const faults: string[] = [];
    await throughout(page, async (theme, opened) => {
      await draw(opened ? `${scene}, opened` : scene, theme, lang);
      // A theme moves nothing.
      if (theme === THEMES[0]) faults.push(...(await look()));
    });
    faults.push(...page.complaints);
    for (const letter of await page.ask<string>("gallery.letters()")) letters.add(letter);
    none(faults);
  });

  it("has a picture of every letter", async () => {
    expect(letters.size).toBeGreaterThan(20);
    const boxes = await page.ask<string[]>(`gallery.boxes(${JSON.stringify([...letters].join(""))})`);
    none(boxes.map((letter) => `no font has ${letter} (U+${letter.codePointAt(0)?.toString(16)})`));
  });
});

it("lays them side by side", async () => {
  const file = resolve(FOLDER, "index.html");
  writeFileSync(file, index(pictures));
  await page.open(pathToFileURL(file).href);
  let count = 0;
  for await (const sheet of sheets(page)) {
    count += 1;
    writeFileSync(resolve(FOLDER, `sheet-${String(count).padStart(3, "0")}.png`), sheet);
  }
});

/** What a machine sees of what is open now, at each width. */
async function look(): Promise<string[]> {
  const all: string[] = [];
  for (const width of WIDTHS) {
    await page.size(width, HEIGHT);
    const found = await page.ask<string[]>("gallery.faults()");
    all.push(...found.map((fault) => `${width} wide: ${fault}`));
  }
  return all;
}

/** Takes the whole of what is open now, however long it is. */
async function draw(row: string, theme: string, lang: string): Promise<void> {
  const [width] = WIDTHS;
  await page.size(width, HEIGHT);
  const height = HEIGHT + (await page.ask<number>("gallery.hidden()"));
  await page.size(width, height);
  const file = `pictures/${row.replace(", ", "-")}.${lang}.${theme}.png`;
  writeFileSync(resolve(FOLDER, file), await page.picture());
  pictures.push({ row, theme, lang, file, width, height });
}
