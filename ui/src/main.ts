import "./styles/tokens.css";
import "./styles/components.css";
import "./styles/app.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { tauri } from "./backend";
import { catalogues } from "./catalogues";
import { wear } from "./look";
import { isPanel } from "./panels";
import { Words } from "./words";

// Whoever cannot be asked has set nothing.
const general = await tauri.settings().then(({ general }) => general, () => []);
const chosen = (key: string) => general.find((setting) => setting.key === key)?.value;

wear(chosen("look"));
const language = chosen("language") ?? "system";
const words = Words.of(language === "system" ? navigator.languages : [language, ...navigator.languages], catalogues);
document.documentElement.lang = words.locale;
document.documentElement.dir = words.direction;
document.title = words.message("window-title");

// The panel outlives the page when the language changes, and only then.
const open = location.hash.slice(1);
history.replaceState(null, "", location.pathname + location.search);

const target = document.getElementById("app");
if (target) {
  const anew = (panel: string) => {
    location.hash = panel;
    location.reload();
  };
  mount(App, { target, props: { backend: tauri, words, anew, ...(isPanel(open) ? { first: open } : {}) } });
}
