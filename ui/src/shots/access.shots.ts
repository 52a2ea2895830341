/**
 * Everybody can use every scene: nothing in it breaks WCAG 2.2 AA as far as axe-core sees, and the keyboard reaches every
 * button in the order in which eyes do, with a ring around it. In a real browser, because only that has colours and places.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Browser, type Page } from "./browser";
import { SCENES } from "./scenes";
import { none, THEMES, throughout, visit, walk } from "./visit";

let browser: Browser | undefined;
let page: Page;
beforeAll(async () => {
  browser = await Browser.start();
  page = await browser.page();
});
afterAll(() => browser?.stop());

it("keeps the keyboard in the row whose button goes, and nowhere if somebody took it away", async () => {
  const gone = (before: string) => `(async () => {
    const button = document.querySelector("[data-reset]");
    button.focus();
    ${before}
    button.remove();
    await new Promise((done) => setTimeout(done, 0));
    return document.activeElement.dataset.knob;
  })()`;
  await visit(page, "settings", "en");
  expect(await page.ask(gone(""))).toBe("quiet_hours");
  await visit(page, "settings", "en");
  expect(await page.ask(gone("document.querySelector('main').dispatchEvent(new PointerEvent('pointerdown', { bubbles: true })); button.blur();"))).toBeUndefined();
});

// Names and places differ by direction; all else is the same in every language.
describe.each(["en", "fa"])("%s", (lang) => {
  it.each(Object.keys(SCENES))("%s", async (scene) => {
    const faults: string[] = [];
    await visit(page, scene, lang);
    await throughout(page, async (theme, opened) => {
      const found = await page.ask<string[]>("gallery.violations()");
      // A theme moves nothing.
      if (theme === THEMES[0]) found.push(...(await walk(page)));
      faults.push(...found.map((fault) => `${theme}${opened ? ", opened" : ""}: ${fault}`));
    });
    none([...faults, ...page.complaints]);
  });
});
