/** What looks at the scenes sees what is wrong: each page is broken in one way, on purpose. */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";

import { Browser, type Page } from "./browser";
import { PAGE, visit, walk } from "./visit";

let browser: Browser | undefined;
let page: Page;
beforeAll(async () => {
  browser = await Browser.start();
  page = await browser.page();
});
// What was broken is whole again.
beforeEach(() => page.open(PAGE));
afterAll(() => browser?.stop());

const style = (rules: string) =>
  `document.head.append(Object.assign(document.createElement("style"), { textContent: ${JSON.stringify(rules)} }))`;
const look = () => page.ask<string[]>("gallery.faults()");
const axe = () => page.ask<string[]>("gallery.violations()");
const keys = () => walk(page);

it.each(["en", "fa"])("sees nothing where nothing is wrong: %s", async (lang) => {
  await visit(page, "failed", lang);
  expect([...(await look()), ...(await axe()), ...(await keys())]).toEqual([]);
});

it.each([
  ["too little contrast", "en", style(".state { color: #999 !important }"), axe, /^color-contrast: .*\.state/],
  [
    "a button without a name",
    "en",
    "['aria-label', 'title'].forEach((name) => document.querySelector('.icon-btn').removeAttribute(name))",
    axe,
    /^button-name: .*\.icon-btn/,
  ],
  [
    "a target too small to hit",
    "en",
    style(".actions .btn { display: block; min-block-size: 0; block-size: 10px } .actions, .rest { display: block }"),
    axe,
    /^target-size: /,
  ],
  ["no ring around the focus", "en", style(":focus-visible { outline: none !important }"), keys, /^no ring around .*button/],
  ["an order that eyes do not have", "en", style(".actions { flex-direction: row-reverse }"), keys, /^the focus jumps back from .*Try again/],
  ["an order of the other direction", "fa", style(".actions { direction: ltr }"), keys, /^the focus jumps back from /],
  [
    "a button that the keyboard skips",
    "en",
    "addEventListener('keydown', () => (document.querySelector('.icon-btn').tabIndex = -1))",
    keys,
    /^the keyboard does not reach .*icon-btn/,
  ],
  ["something over the focus", "en", style(".foot { position: fixed; inset: 0; z-index: 1 }"), keys, /^the focus is out of sight at /],
  ["words that are cut off", "en", style(".btn { inline-size: 40px; overflow: hidden; white-space: nowrap }"), look, /pixels too wide for its place: .*btn/],
  ["words below the edge of their box", "en", style(".card { max-block-size: 60px; overflow: hidden }"), look, /pixels too high for its place: .*article\.card/],
  ["a page that is too wide", "en", style(".card { inline-size: 500px }"), look, /pixels too wide for its place: .*panel/],
  ["words outside of the window", "en", style(".card { margin-inline-start: -40px; padding: 0 }"), look, /^outside of the window: /],
  ["a button on the other", "en", style(".actions .rest { margin-inline-start: -40px }"), look, /^one on the other: .*btn/],
  ["a line on the other", "en", style(".body p { line-height: 4px }"), look, /^one on the other: .*body > p/],
  ["a page in the wrong direction", "fa", style(".app { direction: ltr }"), look, /^the page goes ltr, its language rtl/],
  ["words in the wrong direction", "fa", style(".body { direction: ltr }"), look, /^in the wrong direction: .*body > p/],
  ["figures of another language", "fa", "document.querySelector('.body p').textContent = '12'", look, /^figures of another language: .*"12"/],
])("sees %s", async (_, lang, breaking, check, expected) => {
  await visit(page, "failed", lang);
  await page.ask(`void (${breaking})`);
  expect(await check()).toContainEqual(expect.stringMatching(expected));
});

it.each([
  ["a switch", "settings", "document.querySelector('.switch').removeAttribute('aria-labelledby'); document.querySelector('label').removeAttribute('for')", /^label: /],
  ["a list of programs", "history", "document.querySelector('select').removeAttribute('aria-label')", /^select-name: /],
])("sees %s without a name", async (_, scene, breaking, expected) => {
  await visit(page, scene, "en");
  await page.ask(`void (() => { ${breaking} })()`);
  expect(await axe()).toContainEqual(expect.stringMatching(expected));
});

it("sees letters that no font has", async () => {
  await visit(page, "failed", "en");
  expect(await page.ask("gallery.boxes('aß\\u0378')")).toEqual(["\u0378"]);
});

it("hears what a page complains about", async () => {
  await visit(page, "failed", "en");
  expect(page.complaints).toEqual([]);
  await page.ask("console.error('not in the catalogue: x')");
  expect(page.complaints.join()).toContain("not in the catalogue: x");
});
