/** Windows as people find them, for the gallery. Panels other than the first have theirs in `panels.ts`. */
import type { Backend } from "../backend";
import type { Block } from "../generated/Block";
import type { Shown } from "../generated/Shown";
import { as, at, shell, shown } from "../test/fixtures";
import { ALL } from "../test/states";
import type { Entry } from "../order";
import type { Panel } from "../panels";
import { PANELS } from "./panels";

export interface Scene {
  readonly shown: Shown;
  /** The one that is open, if it is not the first. */
  readonly panel?: Panel;
  /** What the app answers in another way than usual. */
  readonly answers?: Partial<Backend>;
  /** What a person does first: buttons that are pressed, and values that are chosen. */
  readonly then?: readonly (readonly [selector: string, value?: string])[];
}

const fine = ALL["up-to-date"] as Entry;
const one = (name: string) => ALL[name] as Entry;
const version = (text: string) => ({ installed: { version: text, sha256: "d".repeat(64), length: 1 } });
const others = [
  as("field-notes", "Field Notes", fine, version("3.4.2")),
  as("ledger", "Ledger", fine, { ...version("12.0.1"), channel: "beta" }),
  as("tidepool", "Tidepool", fine, version("0.9.6")),
];

const paused = (until: string | null) => {
  const { view, ...rest } = shown([one("available"), ...others]);
  return { shown: { ...rest, view: { ...view, paused: { since: at("09:00"), until } } } };
};

function withProblems({ view, ...rest }: Shown): Shown {
  const problems = [
    { file: "/home/me/.config/autoupdate/enrolments/tidepool.toml", line: 7, key: "sources", text: "at least one source is needed" },
    { file: "/etc/autoupdate/enrolments/ledger.toml", text: "it cannot be read: permission denied" },
  ];
  return { ...rest, view: { ...view, problems } };
}

/** What is true for all programs. */
const WHOLE: Readonly<Record<string, Scene>> = {
  empty: { shown: shown([]) },
  problems: { shown: withProblems(shown([one("available"), ...others.slice(0, 1)])) },
  "problems-alone": {
    shown: withProblems(
      shown([], { summary: { glyph: "attention", tone: "warn", words: { id: "summary-problems", args: {}, count: null }, act: null } }),
    ),
  },
  bare: { shown: shown([fine], { shell: { ...shell, tray: false, packaged: true, starts_at_login: false } }) },
  many: {
    shown: shown(
      [
        as("notepad", "Notepad", fine, version("2.0.0")),
        as("field-notes", "Field Notes", one("available")),
        one("downloading"),
        as("ledger", "Ledger", one("failed"), { channel: "beta" }),
        as("tidepool", "Tidepool", one("ready-critical")),
      ],
      { summary: { glyph: "critical", tone: "danger", words: { id: "one-state-ready", args: { name: "Tidepool", version: "7.2.0" }, count: null }, act: null } },
    ),
  },
  paused: paused("2030-06-07T14:00:00Z"),
  "paused-open": paused(null),
  "more-acts": { shown: shown([one("available"), ...others]), then: [["[data-more]"]] },
};

/** Each state with three programs that have no news, then what is true for all programs, then the other panels. */
export const SCENES: Readonly<Record<string, Scene>> = {
  ...Object.fromEntries(Object.entries(ALL).map(([name, entry]) => [name, { shown: shown([entry, ...others]) }])),
  ...WHOLE,
  ...PANELS,
};

const text = (words: string): Block => ({ kind: "paragraph", words: [{ kind: "text", text: words }] });
const item = (words: string): Block[] => [text(words)];

export const NOTES: Block[] = [
  { kind: "heading", words: [{ kind: "text", text: "Faster, calmer" }] },
  {
    kind: "list",
    ordered: false,
    items: [
      item("Connects in about half the time on slow networks"),
      item("The split-tunnel list can be searched"),
      item("Fixes a crash when the laptop wakes up"),
      item("Uses less battery while idle"),
      item("Remembers the size of its window on every screen"),
      item("Names in the list are sorted as people expect it"),
    ],
  },
  {
    kind: "paragraph",
    words: [
      { kind: "text", text: "Start it with " },
      { kind: "code", text: "--calm" },
      { kind: "text", text: " to see " },
      { kind: "strong", text: "less" },
      { kind: "text", text: "." },
    ],
  },
  { kind: "list", ordered: true, items: [item("First this"), item("then that")] },
  { kind: "code", text: "lantern --calm \\\n  --quiet\n" },
];
