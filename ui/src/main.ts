import "./styles/tokens.css";
import "./styles/components.css";
import "./styles/app.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { tauri } from "./backend";
import { catalogues } from "./catalogues";
import { Words } from "./words";

const words = Words.of(navigator.languages, catalogues);
document.documentElement.lang = words.locale;
document.documentElement.dir = words.direction;
document.title = words.message("window-title");

const target = document.getElementById("app");
if (target) mount(App, { target, props: { backend: tauri, words } });
