/** Programs in one state each: how the app's `face.rs` shows them, told once per state. */
import type { Act } from "../generated/Act";
import type { AppState } from "../generated/AppState";
import type { Deferred } from "../generated/Deferred";
import type { Glyph } from "../generated/Glyph";
import type { Owner } from "../generated/Owner";
import type { Plan } from "../generated/Plan";
import type { Progress } from "../generated/Progress";
import type { Reason } from "../generated/Reason";
import type { Urgency } from "../generated/Urgency";
import type { Entry } from "../order";
import { at, entry, offer, report, type Words } from "./fixtures";

export const NEW = { version: "7.2.0", sha256: "b".repeat(64), length: 142_000_000 };
export const V = { version: "7.2.0" };

export function notOffered(reason: Reason, glyph: Glyph, acts: Act[] = ["check"]): Entry {
  const state: AppState = { state: "not-offered", version: "7.2.0", reason, checked_at: at("18:16") };
  const tone = glyph === "attention" ? "warn" : "quiet";
  return entry(state, glyph, tone, [`not-offered-${reason.reason}`, V], acts, { previous: "7.0.0" });
}

export const ILL = { why: "unhealthy", code: "E-RUN-ENDED", text: "the new version ended with signal 11" } as const;

export function deferred(why: Deferred, id: string, urgency: Urgency = "normal"): Entry {
  const state: AppState = { state: "deferred", offer: { ...offer, urgency }, deferred: why };
  const [glyph, tone] = urgency === "critical" ? (["critical", "danger"] as const) : (["clock", "quiet"] as const);
  return entry(state, glyph, tone, [`state-deferred-${id}`, V], ["install"]);
}

export const READY: Act[] = ["restart", "tonight", "at-quit"];

export function planned(plan: Plan, id: string, acts: Act[]): Entry {
  return entry({ state: "ready", offer: { ...offer, notes: [] }, planned: plan }, "ready", "info", [id, V], acts);
}

export function getting(state: AppState): Entry {
  const acts: Act[] = state.state === "verifying" ? ["cancel"] : ["pause", "cancel"];
  return entry(state, "working", "info", ["state-getting", V], acts);
}

export function fallingBack(code: string, way: Progress["route"], from: "patch" | "compressed-full" = "patch"): Entry {
  const route = from === "patch" ? ({ way: "patch", format: "bsz1" } as const) : ({ way: "compressed-full" } as const);
  const why = { route, code, text: "damaged" };
  const begun = { route: way, fetched: 25_600_000, of: 142_000_000, bytes_per_second: 1_200_000 };
  const far = way === null ? { route: way, fetched: 0, of: null, bytes_per_second: null } : begun;
  return getting({ state: "falling-back", offer, progress: far, why });
}

export function failed(state: Extract<AppState, { state: "failed" }>): Entry {
  const { code } = state.failure;
  const say: Words = state.version === null ? ["state-failed-check", { code }] : ["state-failed", { ...V, code }];
  return entry(state, "attention", "danger", say, ["retry"]);
}

export function disabled(by: Owner): Entry {
  const say: Words = [by === "machine" ? "state-disabled-by-machine" : "state-disabled"];
  return entry({ state: "disabled", by }, "held", "quiet", say, ["check"], { last_check: null, next_check: null });
}

export function rolledBack(state: Extract<AppState, { state: "rolled-back" }>): Entry {
  const say: Words = state.to === null ? ["state-rolled-back-unknown"] : ["state-rolled-back", { version: state.to }];
  return entry(state, "back", "warn", say, ["check"]);
}

export function updated(id: string, changes: Partial<typeof report>): Entry {
  return entry({ state: "updated", report: { ...report, ...changes } }, "check", "ok", [id, V], ["check"], { installed: NEW });
}
