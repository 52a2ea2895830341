/** The app as tests see it: it gives what it is told to, and writes down what it is asked. */
import { render } from "@testing-library/svelte";
import { tick } from "svelte";
import { vi } from "vitest";

import App from "../App.svelte";
import type { Backend } from "../backend";
import { catalogues } from "../catalogues";
import type { Shown } from "../generated/Shown";
import type { Panel } from "../panels";
import { choose, Words } from "../words";
import { NOW } from "./fixtures";
import { ANSWERS } from "./panels";

/** A key without words, or words without an argument, fails the test that meets it. */
const refuse = (id: string) => {
  throw new Error(`not in the catalogue: ${id}`);
};
export const words = Words.of(["en"], catalogues, refuse);

/** The words of one language alone, so that English cannot help out. */
export function only(locale: string): Words {
  const { language } = choose([locale], Object.keys(catalogues));
  return Words.of([locale], { [language]: catalogues[language] ?? "" }, refuse);
}

export interface Desk {
  readonly backend: { [wish in keyof Backend]: ReturnType<typeof vi.fn<Backend[wish]>> };
  /** Called when the window wants to be drawn anew. */
  readonly anew: ReturnType<typeof vi.fn<(open: Panel) => void>>;
  readonly root: HTMLElement;
  show(next: Shown): Promise<void>;
  text(): string;
}

export async function desk(first: Shown, more: Partial<Backend> = {}, said = words, clock = () => NOW, open?: Panel): Promise<Desk> {
  let show: (shown: Shown) => void = () => {};
  const backend = {
    subscribe: vi.fn<Backend["subscribe"]>(async (to) => {
      show = to;
      to(first);
    }),
    act: vi.fn<Backend["act"]>(more.act ?? (async () => {})),
    checkAll: vi.fn<Backend["checkAll"]>(more.checkAll ?? (async () => {})),
    notes: vi.fn<Backend["notes"]>(more.notes ?? (async () => [])),
    startAtLogin: vi.fn<Backend["startAtLogin"]>(more.startAtLogin ?? (async () => {})),
    settings: vi.fn<Backend["settings"]>(more.settings ?? ANSWERS.settings),
    set: vi.fn<Backend["set"]>(more.set ?? ANSWERS.set),
    history: vi.fn<Backend["history"]>(more.history ?? ANSWERS.history),
    examine: vi.fn<Backend["examine"]>(more.examine ?? ANSWERS.examine),
    pause: vi.fn<Backend["pause"]>(more.pause ?? ANSWERS.pause),
    pick: vi.fn<Backend["pick"]>(more.pick ?? ANSWERS.pick),
    diagnostics: vi.fn<Backend["diagnostics"]>(more.diagnostics ?? ANSWERS.diagnostics),
    exportDiagnostics: vi.fn<Backend["exportDiagnostics"]>(more.exportDiagnostics ?? ANSWERS.exportDiagnostics),
    openLog: vi.fn<Backend["openLog"]>(more.openLog ?? ANSWERS.openLog),
  };
  const anew = vi.fn<(open: Panel) => void>();
  const { container } = render(App, { backend, words: said, clock, anew, ...(open === undefined ? {} : { first: open }) });
  await settle();
  return {
    backend,
    anew,
    root: container,
    show: async (next) => {
      show(next);
      await settle();
    },
    text: () => flat(container),
  };
}

/** Everything that is promised has happened and is drawn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await tick();
}

/** The words of an element in one line, with plain spaces. */
export function flat(element: Element): string {
  return (element.textContent ?? "").replace(/\s+/g, " ").trim();
}

/** The same for words that are expected. */
export function spaced(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
