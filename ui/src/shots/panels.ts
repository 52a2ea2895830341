/** The panels beside the first, as people find them: full, empty, of one program, locked, and when something is in the way. */
import type { Backend } from "../backend";
import type { Examined } from "../generated/Examined";
import type { Setting } from "../generated/Setting";
import type { Trace } from "../generated/Trace";
import type { Entry } from "../order";
import type { Panel } from "../panels";
import { NEW } from "../test/entries";
import { as, shown } from "../test/fixtures";
import { EXAMINED, OF_LANTERN, SETTINGS, setting, withSettings } from "../test/panels";
import { ALL } from "../test/states";
import type { Scene } from "./scenes";

const one = (name: string) => ALL[name] as Entry;
const ledger = as("ledger", "Ledger", one("undone"), { previous: "11.0.0" });
const tidepool = as("tidepool", "Tidepool", one("up-to-date"));
const notes = as("field-notes", "Field Notes", one("rolled-back"));

/** A panel about this program, with others beside it. */
function panel(panel: Panel, first: Entry, answers: Partial<Backend> = {}, ...then: NonNullable<Scene["then"]>): Scene {
  return { shown: shown([first, notes, ledger, tidepool]), panel, answers, then };
}

const refuse = () => Promise.reject(new Error("no"));
const CHOOSE = ".program select";
const lantern = (...changes: Setting[]) => async () => ({ ...SETTINGS, apps: { lantern: withSettings(OF_LANTERN, ...changes) } });
const locked = (of: readonly Setting[]) => of.map(({ key, value }) => setting(key, value, "administrator", "/etc/autoupdate/policy.toml:3"));
const LOCKED = { general: locked(SETTINGS.general), apps: { lantern: locked(OF_LANTERN) } };
const paused = (scene: Scene, until: string | null): Scene => ({
  ...scene,
  shown: { ...scene.shown, view: { ...scene.shown.view, paused: { since: "2030-06-04T09:00:00Z", until } } },
});

const examine = (changes: Partial<Examined>) => ({ examine: async (app: string) => ({ ...EXAMINED, app, ...changes }) });
const FINE: Trace[] = (["schedule", "identity", "sound", "platform", "channel", "newer"] as const).map((rule) => ({ rule, verdict: "pass", facts: [] }));
const CURRENT: Partial<Examined> = { installed: NEW, floor: "7.2.0" };
const BLOCKED: Partial<Examined> = {
  enrolled_by: "machine",
  file_owner: "root",
  recorded: false,
  in_the_way: { code: "E-FILE-PERMISSION", phase: "preflight", actor: "machine", retry: false, text: "/opt/lantern is not writable" },
  free_bytes: 61_000_000,
  sources: ["https://updates.example.org/lantern", "https://mirror.example.net/pub/lantern"],
  proxy: "http://proxy.example.net:3128",
  on_hold: true,
  trace: FINE,
};

export const PANELS: Readonly<Record<string, Scene>> = {
  history: panel("history", one("updated")),
  "history-empty": panel("history", one("up-to-date"), { history: async () => [] }),
  "history-filtered": panel("history", one("updated"), {}, [CHOOSE, "field-notes"]),
  "history-lost": panel("history", one("updated"), { history: refuse }),
  settings: panel("settings", one("up-to-date")),
  "settings-locked": panel("settings", one("up-to-date"), { settings: async () => LOCKED }),
  "settings-refused": panel("settings", one("up-to-date"), { set: refuse }, ["[data-knob=metered]", "allow"], ["[data-knob=battery]"]),
  "settings-paused": paused(panel("settings", one("up-to-date")), "2030-06-07T14:00:00Z"),
  "settings-program": panel("settings", one("up-to-date"), {}, [CHOOSE, "lantern"]),
  "settings-program-locked": panel("settings", one("up-to-date"), { settings: async () => LOCKED }, [CHOOSE, "lantern"]),
  "settings-program-held": panel(
    "settings",
    one("on-hold"),
    { settings: lantern(setting("pin", "7.1.0", "person", "/home/me/.config/autoupdate/settings.toml:12")), ...examine({ on_hold: true }) },
    [CHOOSE, "lantern"],
  ),
  "support-healthy": panel("support", one("up-to-date"), examine({ trace: FINE, skipped: [], free_bytes: 81_000_000_000 })),
  "support-why-not": panel("support", one("not-yet")),
  "support-blocked": panel("support", one("failed"), examine(BLOCKED)),
  "support-busy": panel("support", one("downloading"), examine({ trace: [] })),
  "support-versions": panel("support", one("updated"), examine(CURRENT), ["[data-versions]"]),
  "support-by-hand": panel("support", one("updated"), examine(CURRENT), ["[data-diagnostics=copy]"]),
  "support-written": panel("support", one("updated"), examine(CURRENT), ["[data-diagnostics=export]"]),
  "support-empty": { shown: shown([]), panel: "support" },
};
