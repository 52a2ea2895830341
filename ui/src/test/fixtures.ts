/** What the app sends, for the tests and the gallery: programs, offers and whole pictures. The states are in `states.ts`. */
import type { Act } from "../generated/Act";
import type { AppState } from "../generated/AppState";
import type { AppView } from "../generated/AppView";
import type { Failure } from "../generated/Failure";
import type { Glyph } from "../generated/Glyph";
import type { OfferView } from "../generated/OfferView";
import type { Progress } from "../generated/Progress";
import type { Shell } from "../generated/Shell";
import type { Shown } from "../generated/Shown";
import type { Tone } from "../generated/Tone";
import type { UpdateReport } from "../generated/UpdateReport";
import type { Entry } from "../order";

/** The moment of all fixtures, 18:28 where the clocks show UTC. */
export const NOW = Date.parse("2030-06-04T18:28:00Z");
export const at = (time: string) => `2030-06-04T${time}:00Z`;

export type Words = readonly [id: string, args?: Record<string, string>];
const words = ([id, args = {}]: Words, count: number | null = null) => ({ id, args, count });

export const shell: Shell = { version: "1.4.0", own_id: "updater", packaged: false, tray: true, starts_at_login: true };

export const lantern: AppView = {
  id: "lantern",
  name: "Lantern",
  path: "/opt/lantern/lantern",
  owner: "user",
  channel: "stable",
  mode: "download",
  installed: { version: "7.1.0", sha256: "a".repeat(64), length: 142_000_000 },
  state: { state: "idle" },
  last_check: { at: at("18:16"), by: "timer" },
  next_check: at("18:40"),
};

export const offer: OfferView = {
  version: "7.2.0",
  from: "7.1.0",
  urgency: "normal",
  full_bytes: 142_000_000,
  needs_consent: false,
  notes: ["en"],
};

export const progress: Progress = {
  route: { way: "patch", format: "bsz1" },
  fetched: 11_408_000,
  of: 18_400_000,
  bytes_per_second: 1_200_000,
};

export const failure: Failure = {
  code: "E-DISK-FULL",
  phase: "preflight",
  actor: "machine",
  retry: true,
  text: "/opt/lantern needs 142000000 bytes of free space and has 61000000; free some space",
};

export const report: UpdateReport = {
  app: "lantern",
  from: "7.1.0",
  to: "7.2.0",
  at: at("18:20"),
  route: { way: "patch", format: "bsz1" },
  bytes_fetched: 471_200,
  full_bytes: 10_800_000,
  patches_fetched: 1,
  sha256_before: "a".repeat(64),
  sha256_after: "b".repeat(64),
  seconds: 1,
};

export const withOldCopies: UpdateReport = {
  ...report,
  still_old: [{ pid: 7, name: "lantern" }, { pid: 8, name: "lantern", user: 1001 }],
};

export function entry(state: AppState, glyph: Glyph, tone: Tone, say: Words, acts: Act[], more: Partial<AppView> = {}): Entry {
  const app = { ...lantern, ...more, state };
  return { app, face: { glyph, tone, words: words(say), acts, support: support(app) } };
}

/** States in which support can do nothing, and those in which there is something to get. */
const BUSY: readonly AppState["state"][] = [
  "checking", "downloading", "verifying", "falling-back", "waiting-for-close", "restarting", "probation", "rolling-back",
];
const GETTING: readonly AppState["state"][] = ["available", "deferred", "failed"];

/** As in the app's `face.rs`. */
function support({ state: { state }, previous }: AppView): Act[] {
  if (BUSY.includes(state)) return [];
  const getting: Act[] = GETTING.includes(state) ? ["full"] : [];
  const back: Act[] = previous ? ["roll-back"] : [];
  return ["force", ...getting, "repair", ...back, "hold", "release"];
}

/** The headline where nobody has to know anything, as in the app's `face.rs`. */
function calm(entries: readonly Entry[]): string {
  if (entries.length === 0) return "summary-empty";
  if (entries.some(({ app }) => app.state.state === "idle")) return "summary-idle";
  return entries.every(({ face }) => face.glyph === "check") ? "summary-up-to-date" : "summary-nothing-to-install";
}

/** What the app shows of these programs, with the first one in the headline. */
export function shown(entries: readonly Entry[], more: Partial<Shown> = {}): Shown {
  const [first] = entries;
  const quiet = first === undefined || ["normal", "check", "clock", "stop"].includes(first.face.glyph);
  const headline = calm(entries);
  return {
    view: { format: 1, apps: entries.map(({ app }) => app) },
    summary: quiet
      ? { glyph: "normal", tone: first === undefined || headline === "summary-idle" ? "quiet" : "ok", words: words([headline]), act: null }
      : {
          glyph: first.face.glyph,
          tone: first.face.tone,
          words: { ...first.face.words, id: `one-${first.face.words.id}`, args: { ...first.face.words.args, name: first.app.name } },
          act: null,
        },
    faces: Object.fromEntries(entries.map(({ app, face }) => [app.id, face])),
    shell,
    ...more,
  };
}

/** The same as another program. */
export function as(id: string, name: string, of: Entry, more: Partial<AppView> = {}): Entry {
  return { app: { ...of.app, id, name, ...more }, face: of.face };
}
