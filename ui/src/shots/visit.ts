/** The gallery's scenes, in a browser that is told what to do. */
import { pathToFileURL } from "node:url";

import type { Page } from "./browser";

/** Where the build puts it, seen from the folder of the page's packages. */
export const PAGE = pathToFileURL("node_modules/.gallery/gallery.html").href;

/** As `tauri.conf.json` has it: the width that the window opens with, and the least it can be given. */
export const WIDTHS = [420, 360] as const;
export const HEIGHT = 640;
/** Both can be had of one page: a theme changes colours and nothing else. */
export const THEMES = ["light", "dark"] as const;
/** The key's number. */
const TAB = 9;

/** Shows a scene in a language, as large as the window opens. The page stays: reading axe anew takes longer than asking it. */
export async function visit(page: Page, scene: string, lang: string): Promise<void> {
  page.complaints = [];
  await page.size(WIDTHS[0], HEIGHT);
  if (!(await page.ask<boolean>("'gallery' in window"))) await page.open(PAGE);
  await page.ask(`gallery.wear("${THEMES[0]}")`);
  await page.ask(`gallery.show("${scene}", ["${lang}"])`);
}

/** Calls `look` for what is open in each theme, and once more with everything in it opened, if there is anything. */
export async function throughout(page: Page, look: (theme: string, opened: boolean) => Promise<void>): Promise<void> {
  for (const opened of [false, true]) {
    if (opened && !(await page.ask<boolean>("gallery.open()"))) return;
    for (const theme of THEMES) {
      await page.ask(`gallery.wear("${theme}")`);
      await look(theme, opened);
    }
  }
}

/** Presses Tab from the first stop to the last; what was wrong on the way. */
export async function walk(page: Page): Promise<string[]> {
  const { stops, within } = await page.ask<{ stops: number; within: number }>("gallery.walk()");
  for (let stop = 0; stop < stops; stop += 1) await page.press("Tab", TAB);
  for (let more = 0; more < within && (await page.ask<boolean>("gallery.walking()")); more += 1) await page.press("Tab", TAB);
  return page.ask<string[]>("gallery.walked()");
}

/** Fails with this list and nothing else, if there is anything in it: where in this code it was found helps nobody. */
export function none(faults: readonly string[]): void {
  if (faults.length === 0) return;
  const text = [...new Set(faults)].join("\n  ");
  throw Object.assign(new Error(text), { stack: `\n  ${text}` });
}
