/** What the panels ask for: settings, what happened, and a program examined. For the tests and the gallery. */
import type { Backend } from "../backend";
import type { Entry } from "../generated/Entry";
import type { Examined } from "../generated/Examined";
import type { SetBy } from "../generated/SetBy";
import type { Setting } from "../generated/Setting";
import type { Settings } from "../generated/Settings";
import { at, lantern } from "./fixtures";

const PERSON = "/home/me/.config/autoupdate/settings.toml";
const POLICY = "/etc/autoupdate/policy.toml:3";

export function setting(key: string, value: string, by: SetBy = "default", place?: string): Setting {
  return place === undefined ? { key, value, by } : { key, value, by, place };
}

const ALL_PROGRAMS: Setting[] = [
  setting("mode", "automatic"),
  setting("quiet_hours", "22:00-07:00", "person", `${PERSON}:4`),
  setting("metered", "small"),
  setting("battery", "wait"),
  setting("check_every", "4h"),
  setting("proxy", "system"),
  setting("language", "system"),
  setting("look", "system"),
];

/** Of the program `lantern`; the channel is the administrator's, the mode the person's. */
export const OF_LANTERN: Setting[] = [
  setting("mode", "download", "person", `${PERSON}:9`),
  setting("channel", "stable", "administrator", POLICY),
  setting("quiet_hours", "22:00-07:00", "person", `${PERSON}:4`),
  setting("metered", "small"),
  setting("battery", "wait"),
  setting("pin", "none"),
];

export const SETTINGS: Settings = { general: ALL_PROGRAMS, apps: { lantern: OF_LANTERN } };

/** The same settings with some of them replaced. */
export function withSettings(of: readonly Setting[], ...changes: readonly Setting[]): Setting[] {
  return of.map((one) => changes.find(({ key }) => key === one.key) ?? one);
}

const before = { sha256_before: "a".repeat(64), sha256_after: "b".repeat(64), seconds: 9 };

/** Oldest first, as the app sends it. */
export const HISTORY: Entry[] = [
  {
    event: "updated", at: "2030-05-12T04:02:00Z", app: "updater", from: null, to: "1.4.0", route: "patch bsz1",
    bytes_fetched: 900_000, full_bytes: 7_900_000, repaired: false, ...before,
  },
  { event: "rolled-back", at: "2030-05-30T18:20:00Z", app: "ledger", from: "12.1.0", to: "12.0.1", why: "by-person" },
  {
    event: "updated", at: "2030-06-03T03:14:00Z", app: "tidepool", from: "0.9.5", to: "0.9.6", route: "full",
    bytes_fetched: 38_100_000, full_bytes: 38_100_000, repaired: true, ...before,
  },
  {
    event: "updated", at: "2030-06-03T09:40:00Z", app: "field-notes", from: "3.4.2", to: "3.5.0", route: "full",
    bytes_fetched: 31_000_000, full_bytes: 31_000_000, repaired: false, ...before,
  },
  { event: "rolled-back", at: "2030-06-03T09:41:00Z", app: "field-notes", from: "3.5.0", to: "3.4.2", why: "E-RUN-ENDED" },
  {
    event: "failed", at: at("13:58"), app: "lantern", version: "7.2.0", code: "E-DISK-FULL",
    text: "/opt/lantern needs 142000000 bytes of free space and has 61000000",
  },
  { event: "fell-back", at: at("14:01"), app: "lantern", version: "7.2.0", route: "patch bsz1", code: "E-PATCH-BASE" },
  {
    event: "updated", at: at("14:02"), app: "lantern", from: "7.1.0", to: "7.2.0", route: "patch zpf1",
    bytes_fetched: 18_400_000, full_bytes: 142_000_000, repaired: false, ...before,
  },
];

/** A program whose newest version comes in steps, looked at on a disk that is nearly full. */
export const EXAMINED: Examined = {
  app: lantern.id,
  path: lantern.path,
  enrolled_by: "user",
  file_owner: "me",
  installed: { version: "7.1.0", sha256: `9f2c41d7${"0".repeat(52)}08be`, length: 142_000_000 },
  recorded: true,
  free_bytes: 61_000_000,
  floor: "7.1.0",
  on_hold: false,
  skipped: ["7.0.9"],
  bucket: 6312,
  sources: ["https://updates.example.org/lantern"],
  proxy: "system",
  versions: [
    { version: "7.3.0", reason: { reason: "not-yet", share: 2000, bucket: 6312 } },
    { version: "7.2.0" },
    { version: "7.0.9", reason: { reason: "skipped" } },
  ],
  settings: [...OF_LANTERN, setting("proxy", "system")],
  trace: [
    { rule: "identity", verdict: "pass", facts: [{ name: "sha256", value: `9f2c41d7${"0".repeat(52)}08be` }] },
    { rule: "newer", about: "7.3.0", verdict: "pass", facts: [{ name: "installed", value: "7.1.0" }] },
    { rule: "skip", about: "7.3.0", verdict: "overridden", facts: [{ name: "skipped", value: "true" }] },
    { rule: "percentage", about: "7.3.0", verdict: "stop", facts: [{ name: "share", value: "2000" }, { name: "bucket", value: "6312" }] },
  ],
};

export const DIAGNOSTICS = "autoupdate 1.4.0\nlantern 7.1.0: not-offered (not-yet)\n";
export const EXPORTED = "/home/me/.local/state/autoupdate/diagnostics/autoupdate-2030-06-04.zip";

/** What an app answers that has all this and takes every wish. */
export const ANSWERS = {
  settings: async () => SETTINGS,
  set: async () => {},
  history: async () => HISTORY,
  examine: async (app) => ({ ...EXAMINED, app }),
  pause: async () => {},
  pick: async () => {},
  diagnostics: async () => DIAGNOSTICS,
  exportDiagnostics: async () => EXPORTED,
  openLog: async () => {},
} satisfies Partial<Backend>;
