/**
 * The window without its app, for eyes: `gallery.html?scene=failed&theme=dark&lang=fa&open` shows one fixture; without a
 * scene there is a list of them. Never part of what is built.
 *
 * Tests look at the same scenes: what they ask of the page lies on `window.gallery`.
 */
import "../styles/tokens.css";
import "../styles/components.css";
import "../styles/app.css";

import { mount, tick, unmount } from "svelte";

import App from "../App.svelte";
import { catalogues } from "../catalogues";
import { NOW } from "../test/fixtures";
import { ANSWERS } from "../test/panels";
import { Words } from "../words";
import * as eye from "./eye";
import * as keys from "./keys";
import { NOTES, SCENES } from "./scenes";
import { violations } from "./violations";

const asked = { show, open, wear, violations, ...eye, ...keys };
declare global {
  interface Window {
    gallery: typeof asked;
  }
}
window.gallery = asked;

// Whether a page from the disk may write there is the browser's mood: here it never may.
Object.defineProperty(navigator, "clipboard", { value: { writeText: () => Promise.reject(new Error("closed")) } });

const target = document.getElementById("app") as HTMLElement;
let before: object | undefined;

const query = new URLSearchParams(location.search);
const scene = query.get("scene");
const theme = query.get("theme");
if (theme !== null) wear(theme);
if (scene === null) {
  for (const name of Object.keys(SCENES)) {
    const link = Object.assign(document.createElement("a"), { href: `?scene=${name}`, textContent: name });
    target.append(link, document.createElement("br"));
  }
} else {
  const lang = query.get("lang");
  void show(scene, lang === null ? navigator.languages : [lang]).then(() => {
    document.documentElement.dir = query.get("dir") ?? document.documentElement.dir;
    return query.has("open") && open();
  });
}

/** Shows a scene instead of what was here; resolves when all of it is there. */
async function show(name: string, languages: readonly string[]): Promise<void> {
  const scene = SCENES[name];
  if (scene === undefined) throw new Error(`no scene ${name}`);
  if (before !== undefined) await unmount(before);
  const words = Words.of(languages, catalogues);
  document.documentElement.lang = words.locale;
  document.documentElement.dir = words.direction;
  document.title = words.message("window-title");
  target.replaceChildren();
  const patient = window.setTimeout;
  // No time passes in a picture: what waits a little before it is shown is shown now.
  window.setTimeout = ((run: () => void) => patient(run, 0)) as typeof window.setTimeout;
  const log = (what: string) => async (...args: unknown[]) => console.log(what, ...args);
  before = mount(App, {
    target,
    props: {
      words,
      clock: () => NOW,
      backend: {
        ...ANSWERS,
        subscribe: async (show) => show(scene.shown),
        act: log("act"),
        checkAll: log("check all"),
        notes: async () => NOTES,
        startAtLogin: log("start at login"),
        ...scene.answers,
      },
      first: scene.panel ?? "updates",
    },
  });
  await settled();
  for (const [selector, value] of scene.then ?? []) await use(selector, value);
  window.setTimeout = patient;
  await document.fonts.ready;
}

/** Does what a person does before there is this scene. */
async function use(selector: string, value?: string): Promise<void> {
  const control = target.querySelector<HTMLElement>(selector);
  if (control === null) throw new Error(`nothing to use: ${selector}`);
  if (control instanceof HTMLSelectElement && value !== undefined) {
    control.value = value;
    control.dispatchEvent(new Event("change", { bubbles: true }));
  } else control.click();
  await settled();
}

/** Opens whatever can be opened; whether there was anything. */
async function open(): Promise<boolean> {
  const closed = document.querySelectorAll<HTMLElement>('[aria-expanded="false"]');
  closed.forEach((button) => button.click());
  await settled();
  return closed.length > 0;
}

function wear(theme: string) {
  document.documentElement.dataset["theme"] = theme;
}

/** Everything that is promised, or waits no longer than now, has happened and is drawn. */
async function settled() {
  for (let turn = 0; turn < 4; turn += 1) {
    await tick();
    await new Promise((done) => window.setTimeout(done, 0));
  }
}
