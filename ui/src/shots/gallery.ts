/**
 * The window without its app, for eyes: `gallery.html?scene=failed&theme=dark&open` shows one fixture; without a scene
 * there is a list of them. Never part of what is built.
 */
import "../styles/tokens.css";
import "../styles/components.css";
import "../styles/app.css";

import { mount } from "svelte";

import App from "../App.svelte";
import { catalogues } from "../catalogues";
import { NOW } from "../test/fixtures";
import { ANSWERS } from "../test/panels";
import { Words } from "../words";
import { NOTES, SCENES } from "./scenes";

const query = new URLSearchParams(location.search);
const target = document.getElementById("app") as HTMLElement;
const shown = SCENES[query.get("scene") ?? ""];
const theme = query.get("theme");
if (theme) document.documentElement.dataset["theme"] = theme;
document.documentElement.dir = query.get("dir") ?? "ltr";

if (shown === undefined) {
  for (const name of Object.keys(SCENES)) {
    const link = Object.assign(document.createElement("a"), { href: `?scene=${name}`, textContent: name });
    target.append(link, document.createElement("br"));
  }
} else {
  const log = (what: string) => async (...args: unknown[]) => console.log(what, ...args);
  mount(App, {
    target,
    props: {
      words: Words.of(navigator.languages, catalogues),
      clock: () => NOW,
      backend: {
        ...ANSWERS,
        subscribe: async (show) => show(shown),
        act: log("act"),
        checkAll: log("check all"),
        notes: async () => NOTES,
        startAtLogin: log("start at login"),
      },
    },
  });
  // Whatever can be opened, for a picture of it.
  if (query.has("open"))
    setTimeout(() => document.querySelectorAll<HTMLElement>('[aria-expanded="false"]').forEach((button) => button.click()), 200);
}
