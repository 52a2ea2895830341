/** Windows with more than one program, for the gallery. */
import type { Block } from "../generated/Block";
import type { Shown } from "../generated/Shown";
import { as, shell, shown } from "../test/fixtures";
import { ALL } from "../test/states";
import type { Entry } from "../order";

const fine = ALL["up-to-date"] as Entry;
const one = (name: string) => ALL[name] as Entry;
const version = (text: string) => ({ installed: { version: text, sha256: "d".repeat(64), length: 1 } });
const others = [
  as("field-notes", "Field Notes", fine, version("3.4.2")),
  as("ledger", "Ledger", fine, { ...version("12.0.1"), channel: "beta" }),
  as("tidepool", "Tidepool", fine, version("0.9.6")),
];

/** Each state with three programs that have no news, then what is true for all programs. */
export const SCENES: Readonly<Record<string, Shown>> = {
  ...Object.fromEntries(Object.entries(ALL).map(([name, entry]) => [name, shown([entry, ...others])])),
  empty: shown([]),
  problems: shown([fine, ...others.slice(0, 1)], {
    view: {
      format: 1,
      apps: [fine.app, ...others.slice(0, 1).map(({ app }) => app)],
      problems: [
        { file: "/home/me/.config/autoupdate/enrolments/tidepool.toml", line: 7, key: "sources", text: "at least one source is needed" },
        { file: "/etc/autoupdate/enrolments/ledger.toml", text: "it cannot be read: permission denied" },
      ],
    },
  }),
  bare: shown([fine], { shell: { ...shell, tray: false, packaged: true, starts_at_login: false } }),
  many: shown(
    [
      as("notepad", "Notepad", fine, version("2.0.0")),
      as("field-notes", "Field Notes", one("available")),
      one("downloading"),
      as("ledger", "Ledger", one("failed"), { channel: "beta" }),
      as("tidepool", "Tidepool", one("ready-critical")),
    ],
    { summary: { glyph: "critical", tone: "danger", words: { id: "one-state-ready", args: { name: "Tidepool", version: "7.2.0" }, count: null }, act: null } },
  ),
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
