/** Laws of the catalogue and of the sources: no key without words, no code without a sentence, no text outside. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { FluentResource } from "@fluent/bundle";
import { describe, expect, it } from "vitest";

import { catalogues } from "./catalogues";
import type { Act } from "./generated/Act";
import type { Actor } from "./generated/Actor";
import type { Phase } from "./generated/Phase";
import type { Rule } from "./generated/Rule";
import type { Verdict } from "./generated/Verdict";
import { PANELS } from "./panels";
import { words } from "./test/desk";

const EN = catalogues["en"] ?? "";
const ids = (source: string) => [...source.matchAll(/^([a-zA-Z][\w-]*) *=/gm)].map(([, id]) => id ?? "");

function files(folder: string, name: RegExp): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return files(path, name);
    return name.test(entry.name) ? [path] : [];
  });
}

/** What a message takes, and what it chooses by: the parser's own view of it. */
function anatomy(source: string) {
  return new Map(
    new FluentResource(source).body.map(({ id, value }) => {
      const args = new Set<string>();
      const choices: { by: string; keys: string[] }[] = [];
      JSON.stringify(value, (_, part) => {
        if (part?.type === "var") args.add(part.name);
        if (part?.type === "select") {
          const keys = part.variants.map(({ key }: { key: { value: string } }) => key.value);
          choices.push({ by: part.selector.name, keys: keys.sort() });
        }
        return part;
      });
      return [id, { args: [...args].sort(), choices }] as const;
    }),
  );
}
const read = (path: string) => readFileSync(path, "utf8");
const sources = files("src", /\.(svelte|ts)$/).filter((path) => !/generated|test|shots/.test(path));

describe("the catalogue", () => {
  it.each(Object.entries(catalogues))("%s has the keys of English, each once, and no mistakes", (_, source) => {
    const found = ids(source);
    expect(found.filter((id, index) => found.indexOf(id) !== index)).toEqual([]);
    expect([...found].sort()).toEqual(ids(EN).sort());
    // The parser skips what it does not understand.
    expect(new FluentResource(source).body.map(({ id }) => id)).toEqual(found);
  });

  it.each(Object.entries(catalogues))("%s fills in what English does, with the forms of its own numbers", (language, source) => {
    const english = anatomy(EN);
    const plurals = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const [id, { args, choices }] of anatomy(source)) {
      expect([id, args]).toEqual([id, english.get(id)?.args]);
      const expected = english.get(id)?.choices.map(({ by, keys }) => ({ by, keys: by === "count" ? [...plurals].sort() : keys }));
      expect([id, choices]).toEqual([id, expected]);
    }
  });

  it.each(Object.entries(catalogues))("%s raises its voice nowhere", (_, source) => {
    expect(source).not.toMatch(/[!！]/);
  });

  it("is calm", () => {
    const values = EN.replace(/^#.*$/gm, "").replace(/^[a-zA-Z][\w-]* =/gm, "");
    expect(values).not.toMatch(/\b(errors?|oops|please|successfully|sorry|failed)\b|!/i);
  });
});

describe("keys", () => {
  it("in the sources have words", () => {
    // `id: "…"`, `line="…"`, `message("…")`, and tables of keys.
    const pattern = /(?:\bid: |\bline=|message\(|refusal\([^)]*, |\? |: )"([a-z]+(?:-[a-z]+)+)"/g;
    const used = sources.flatMap((path) => [...read(path).matchAll(pattern)].map(([, id]) => id ?? ""));
    const known = new Set(ids(EN));
    // Attributes and variants look alike.
    const others = new Set(["compressed-full", "falling-back", "roll-back"]);
    expect(used.length).toBeGreaterThan(90);
    expect(used.filter((id) => !known.has(id) && !others.has(id))).toEqual([]);
  });

  it("that are put together have words", () => {
    const acts: Record<Act, true> = {
      check: true, install: true, replace: true, restart: true, cancel: true, pause: true, resume: true, retry: true, "roll-back": true, tonight: true,
      "at-quit": true, postpone: true, skip: true, hold: true, release: true, force: true, full: true, repair: true,
    };
    const actors: Record<Actor, true> = { repository: true, network: true, machine: true, bug: true };
    const phases: Record<Phase, true> = {
      setup: true, check: true, preflight: true, fetch: true, apply: true, verify: true, stage: true, activate: true,
      restart: true, probation: true, "roll-back": true,
    };
    const rules: Record<Rule, true> = {
      source: true, schedule: true, identity: true, sound: true, platform: true, channel: true, newer: true, floor: true, "known-bad": true,
      undone: true, "min-os": true, "os-pin": true, control: true, halt: true, recall: true, percentage: true, skip: true,
      hold: true, pin: true, age: true, "turned-off": true, pause: true, "quiet-hours": true, "allowed-hours": true, busy: true,
      metered: true, battery: true, notify: true, consent: true, "download-gate": true, "restart-gate": true, patch: true, route: true,
    };
    const verdicts: Record<Verdict, true> = { pass: true, stop: true, overridden: true };
    const support: Act[] = ["force", "full", "repair", "roll-back", "hold"];
    const keys = [
      ...Object.keys(rules).map((rule) => `rule-${rule}`),
      ...Object.keys(verdicts).map((verdict) => `verdict-${verdict}`),
      ...support.flatMap((act) => [`try-${act}`, `try-${act}-hint`]),
      ...PANELS.map((panel) => `panel-${panel}`),
      ...Object.keys(acts).map((act) => `act-${act}`),
      ...Object.keys(actors).flatMap((actor) => [`actor-${actor}`, `failure-by-${actor}`]),
      ...Object.keys(phases).map((phase) => `phase-${phase}`),
    ];
    expect(keys.filter((key) => !words.has(key))).toEqual([]);
  });
});

describe("codes", () => {
  const AREAS = /"(E-(?:NET|DISK|FILE|LANTERN|LOCK|META|RUN|PATCH|POLICY|STATE)-[A-Z0-9-]*[A-Z0-9])"/g;
  const crates = ["autoupdate", "delta", "trust"].map((name) => join("..", "crates", name, "src"));
  const codes = new Set(
    crates.flatMap((folder) => files(folder, /\.rs$/).flatMap((path) => [...read(path).matchAll(AREAS)].map(([, code]) => code ?? ""))),
  );

  it("of the engine each have a sentence that says more than the code", () => {
    expect(codes.size).toBeGreaterThan(90);
    const untold = [...codes].filter((code) => !words.has(`failure-${code}`));
    expect(untold).toEqual([]);
    for (const code of codes) expect(words.message(`failure-${code}`, { name: "Lantern" })).toMatch(/^[A-Z].{20,}\.$/);
  });

  it("of the catalogue are codes of the engine", () => {
    const told = ids(EN).flatMap((id) => /^(?:failure|rolled-back)-(E-.*)$/.exec(id)?.[1] ?? []);
    expect(told.filter((code) => !codes.has(code))).toEqual([]);
  });
});

describe("the sources", () => {
  it("never make elements of text", () => {
    const bad = sources.filter((path) => /\{@html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc/.test(read(path)));
    expect(bad).toEqual([]);
  });

  it("hold nothing that the content policy refuses", () => {
    const markup = [...sources.filter((path) => path.endsWith(".svelte")), "index.html"];
    expect(markup.filter((path) => /\sstyle[=:]|<style|\son[a-z]+="|<script(?![^>]*(src=|lang="ts"))/.test(read(path)))).toEqual([]);
    const css = files("src/styles", /\.css$/).map(read).join("");
    expect(css).not.toMatch(/url\(|@import/);
  });

  it("know Tauri in one file only", () => {
    expect(sources.filter((path) => read(path).includes("@tauri-apps"))).toEqual(["src/backend.ts"]);
  });

  it("have no words in components", () => {
    const markup = (path: string) => read(path).replace(/<script[\s\S]*?<\/script>|<!--[\s\S]*?-->/g, "").replace(/\{[^{}]*\}/g, "");
    const spoken = sources.filter((path) => path.endsWith(".svelte")).filter((path) => />[^<>{}=()]*[A-Za-z]{2,}[^<>{}=()]*<\//.test(markup(path)));
    expect(spoken).toEqual([]);
  });

  it("use logical directions only", () => {
    const physical = /\b(margin|padding|border|inset)-(left|right|top|bottom)\b|\btext-align: (left|right)|^\s*(left|right|top|bottom):/m;
    expect(files("src/styles", /\.css$/).filter((path) => physical.test(read(path)))).toEqual([]);
  });

  it("stay small", () => {
    const long = files("src", /\.(svelte|ts)$/).filter((path) => !path.includes("generated") && read(path).split("\n").length > 250);
    expect(long).toEqual([]);
  });
});
