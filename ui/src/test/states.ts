/** One program per state, as the app sends it. Faces are those of the app's `face.rs`. */
import type { AppState } from "../generated/AppState";
import type { Entry } from "../order";
import { deferred, disabled, failed, fallingBack, getting, ILL, NEW, notOffered, planned, READY, rolledBack, updated, V } from "./entries";
import { at, entry, failure, offer, progress, report, withOldCopies } from "./fixtures";

/** Every state, and every kind of it that is shown in another way. The type asks for one more when there is a new state. */
export const STATES: { readonly [state in AppState["state"]]: Readonly<Record<string, Entry>> } = {
  idle: { idle: entry({ state: "idle" }, "normal", "quiet", ["state-idle"], ["check"], { last_check: null }) },
  checking: {
    "checking-by-timer": entry({ state: "checking", by: "timer" }, "working", "info", ["state-checking"], []),
    "checking-by-person": entry({ state: "checking", by: "person" }, "working", "info", ["state-checking"], ["cancel"]),
  },
  "up-to-date": {
    "up-to-date": entry(
      { state: "up-to-date", checked_at: at("18:16"), valid_until: at("23:00") },
      "check",
      "ok",
      ["state-up-to-date"],
      ["check"],
    ),
  },
  "nothing-newer": {
    "nothing-newer": entry(
      { state: "nothing-newer", checked_at: at("18:16") },
      "normal",
      "quiet",
      ["state-nothing-newer"],
      ["check"],
      { source: "lantern" },
    ),
  },
  "cannot-verify": {
    "cannot-verify": entry(
      {
        state: "cannot-verify",
        failure: { code: "E-META-EXPIRED", phase: "check", actor: "repository", retry: true, text: "timestamp expired" },
        last_good: "2030-06-02T09:00:00Z",
      },
      "attention",
      "warn",
      ["state-cannot-verify"],
      ["retry"],
    ),
    "cannot-verify-never-before": entry(
      {
        state: "cannot-verify",
        failure: { code: "E-META-NEW-CODE", phase: "check", actor: "repository", retry: false, text: "new" },
        last_good: null,
      },
      "attention",
      "warn",
      ["state-cannot-verify"],
      ["retry"],
      { next_check: null },
    ),
  },
  "not-offered": {
    "nothing-for-platform": notOffered({ reason: "nothing-for-platform" }, "stop"),
    "os-too-old": notOffered({ reason: "os-too-old", needs: "Debian 13", has: "Debian 12" }, "stop"),
    "os-unknown": notOffered({ reason: "os-too-old", needs: "Debian 13", has: null }, "stop"),
    "os-pinned": notOffered({ reason: "os-pinned", at: "7.1.0" }, "stop"),
    "not-yet": notOffered({ reason: "not-yet", share: 2000, bucket: 7312 }, "clock"),
    halted: notOffered({ reason: "halted" }, "held"),
    recalled: notOffered({ reason: "recalled" }, "attention", ["roll-back", "check"]),
    "control-unverified": notOffered({ reason: "control-unverified", why: "rollout expired" }, "attention"),
    "known-bad": notOffered({ reason: "known-bad" }, "stop"),
    "below-floor": notOffered({ reason: "below-floor", floor: "7.3.0" }, "stop"),
    undone: notOffered({ reason: "undone" }, "held", ["check", "release"]),
    skipped: notOffered({ reason: "skipped" }, "held", ["check", "release"]),
    "on-hold": notOffered({ reason: "on-hold" }, "held", ["check", "release"]),
    "pinned-by-person": notOffered({ reason: "pinned", at: "7.1.0", by: "person" }, "held"),
    "pinned-by-administrator": notOffered({ reason: "pinned", at: "7.1.0", by: "administrator" }, "held"),
    "too-young": notOffered({ reason: "too-young", until: "2030-06-07T09:00:00Z" }, "clock"),
    "turned-off": notOffered({ reason: "turned-off" }, "held"),
  },
  available: {
    available: entry({ state: "available", offer }, "available", "info", ["state-available", V], ["install", "tonight", "skip"]),
    "available-critical": entry(
      { state: "available", offer: { ...offer, urgency: "critical" } },
      "critical",
      "danger",
      ["state-available", V],
      ["install", "tonight", "skip"],
    ),
    "available-stopped": entry(
      { state: "available", offer, stopped: progress },
      "held",
      "info",
      ["state-stopped", V],
      ["resume", "cancel"],
    ),
    "available-unmeasured": entry(
      { state: "available", offer: { version: "7.2.0", from: "7.1.0", urgency: "normal", needs_consent: false, notes: [] } },
      "available",
      "info",
      ["state-available", V],
      ["install", "tonight", "skip"],
      { source: "lantern" },
    ),
    "available-unknown": entry(
      { state: "available", offer: { ...offer, from: null, needs_consent: true, notes: [] } },
      "available",
      "info",
      ["state-available", V],
      ["replace", "skip"],
      { installed: { version: null, sha256: "c".repeat(64), length: 1 } },
    ),
  },
  deferred: {
    "deferred-paused": deferred({ why: "paused" }, "paused"),
    "deferred-paused-until": deferred({ why: "paused", until: "2030-06-07T14:00:00Z" }, "paused"),
    "deferred-quiet-hours": deferred({ why: "quiet-hours", until: "2030-06-05T07:00:00Z" }, "hours"),
    "deferred-outside-hours": deferred({ why: "outside-hours", until: at("20:00") }, "hours"),
    "deferred-busy": deferred({ why: "busy", until: at("19:00") }, "busy"),
    "deferred-metered": deferred({ why: "metered", limit: 20_971_520 }, "metered"),
    "deferred-metered-wait": deferred({ why: "metered", limit: 0 }, "metered"),
    "deferred-battery": deferred({ why: "battery", percent: 17 }, "battery"),
    "deferred-critical": deferred({ why: "battery", percent: 17 }, "battery", "critical"),
  },
  downloading: {
    downloading: getting({ state: "downloading", offer, progress }),
    "downloading-starts": getting({
      state: "downloading",
      offer,
      progress: { route: null, fetched: 0, of: null, bytes_per_second: null },
    }),
    "downloading-full": getting({
      state: "downloading",
      offer,
      progress: { ...progress, route: { way: "full" }, of: 142_000_000 },
    }),
  },
  verifying: { verifying: getting({ state: "verifying", offer }) },
  "falling-back": {
    "falling-back": fallingBack("E-PATCH-RESULT", { way: "full" }),
    "falling-back-network": fallingBack("E-NET-BROKEN", { way: "compressed-full" }),
    "falling-back-base": fallingBack("E-PATCH-BASE", { way: "full" }),
    "falling-back-memory": fallingBack("E-PATCH-MEMORY", { way: "patch", format: "zpf1" }),
    "falling-back-not-made": fallingBack("E-PATCH-NOT-MADE", null),
    "falling-back-format": fallingBack("E-PATCH-FORMAT", { way: "full" }),
    "falling-back-from-packed": fallingBack("E-DISK-IO", { way: "full" }, "compressed-full"),
  },
  ready: {
    ready: entry({ state: "ready", offer: { ...offer, notes: [] } }, "ready", "info", ["state-ready", V], READY),
    "ready-critical": entry(
      { state: "ready", offer: { ...offer, urgency: "critical" } },
      "critical",
      "danger",
      ["state-ready", V],
      READY,
    ),
    "ready-at-quit": planned({ plan: "at-quit" }, "state-ready-at-quit", ["restart", "postpone"]),
    "ready-tonight": planned({ plan: "at", at: "2030-06-05T03:00:00Z", counting: false }, "state-ready-tonight", ["restart", "postpone"]),
    "ready-counting": planned(
      { plan: "at", at: "2030-06-04T18:29:00Z", counting: true },
      "state-ready-counting",
      ["postpone", "restart"],
    ),
  },
  "waiting-for-close": {
    "waiting-for-close": entry(
      {
        state: "waiting-for-close",
        offer,
        blockers: [{ pid: 4711, name: "lantern" }, { pid: 4712, name: "lantern-helper" }, { pid: 4713, name: "lantern" }],
        until: at("18:35"),
      },
      "attention",
      "info",
      ["state-waiting-for-close", { name: "Lantern" }],
      ["cancel"],
    ),
  },
  restarting: { restarting: entry({ state: "restarting", offer }, "working", "info", ["state-restarting", V], []) },
  probation: {
    probation: entry(
      { state: "probation", from: "7.1.0", to: "7.2.0", until: at("18:33") },
      "working",
      "info",
      ["state-probation", V],
      [],
      { installed: NEW },
    ),
  },
  updated: {
    updated: entry({ state: "updated", report }, "check", "ok", ["state-updated", V], ["check", "roll-back"], {
      installed: NEW,
      previous: "7.1.0",
    }),
    "updated-in-full": updated("state-updated", {
      route: { way: "full" },
      bytes_fetched: 10_900_000,
      fallbacks: [{ route: { way: "patch", format: "bsz1" }, code: "E-PATCH-BASE", text: "other base" }],
    }),
    repaired: updated("state-repaired", { from: null, repaired: true, bytes_fetched: 10_900_000 }),
    "updated-with-old-copies": updated("state-updated", withOldCopies),
    "updated-from-the-stage": updated("state-updated", { route: null, bytes_fetched: 0 }),
  },
  "rolling-back": {
    "rolling-back": entry(
      { state: "rolling-back", why: { why: "unhealthy", code: "E-RUN-HANGS", text: "did not end within 10s" } },
      "working",
      "warn",
      ["state-rolling-back"],
      [],
    ),
  },
  "rolled-back": {
    "rolled-back": rolledBack({ state: "rolled-back", from: "7.2.0", to: "7.1.0", why: ILL }),
    "rolled-back-unknown": rolledBack({ state: "rolled-back", from: null, to: null, why: { ...ILL, code: "E-NEW-CODE" } }),
    "rolled-back-by-person": rolledBack({ state: "rolled-back", from: "7.2.0", to: "7.1.0", why: { why: "by-person" } }),
    "rolled-back-unproven": rolledBack({ state: "rolled-back", from: "7.2.0", to: "7.1.0", why: { ...ILL, why: "unproven" } }),
    "rolled-back-recalled": rolledBack({ state: "rolled-back", from: "7.2.0", to: "7.1.0", why: { why: "recalled" } }),
  },
  failed: {
    failed: failed({ state: "failed", failure, version: "7.2.0", again_at: at("19:10") }),
    "failed-check": failed({
      state: "failed",
      failure: { code: "E-NET-DNS", phase: "check", actor: "network", retry: true, text: "no such host" },
      version: null,
      again_at: null,
    }),
    "failed-to-close": failed({
      state: "failed",
      failure: { code: "E-RUN-OPEN", phase: "restart", actor: "machine", retry: false, text: "process 4711" },
      version: "7.2.0",
      again_at: null,
    }),
  },
  disabled: {
    "disabled-by-machine": disabled("machine"),
    "disabled-by-user": disabled("user"),
    "disabled-by-program": disabled("program"),
  },
};

/** Every fixture by name. */
export const ALL: Readonly<Record<string, Entry>> = Object.assign({}, ...Object.values(STATES)) as Record<string, Entry>;
