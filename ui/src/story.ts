/**
 * What a card says below its state: a pure function of the program's picture. Every "no" has its reason in the first
 * sentence; what is technical waits behind Details.
 */
import type { AppState } from "./generated/AppState";
import type { AppView } from "./generated/AppView";
import type { OfferView } from "./generated/OfferView";
import type { Owner } from "./generated/Owner";
import type { Plan } from "./generated/Plan";
import type { Progress } from "./generated/Progress";
import type { UpdateReport } from "./generated/UpdateReport";
import type { Version } from "./generated/Version";
import { fallback, noReason, putOff, rolledBack } from "./reasons";
import { failure, noFacts, type Trouble } from "./trouble";
import { saving } from "./progress";
import type { Line, Words } from "./words";

export interface Story extends Trouble {
  /** Sentences. */
  readonly lines: readonly Line[];
  /** Smaller ones. */
  readonly hints: readonly Line[];
  /** The version whose release notes belong here, if it may have some. */
  readonly notes: Version | null;
  /** The moment that is counted down to. */
  readonly countdown: number | null;
  /** It should not wait. */
  readonly important: boolean;
}

const NOTHING: Story = { lines: [], hints: [], notes: null, countdown: null, important: false, ...noFacts };

export function story(app: AppView, words: Words, now: number): Story {
  const { format } = words;
  const state: AppState = app.state;
  const name = app.name;
  switch (state.state) {
    case "idle":
    case "checking":
    case "up-to-date":
    case "restarting":
      return NOTHING;
    case "nothing-newer":
      return { ...NOTHING, lines: [{ id: "nothing-newer-unproven" }] };
    case "cannot-verify": {
      const good = state.last_good;
      const hint = { id: "last-good", args: { moment: good === null ? "" : format.moment(Date.parse(good), now) } };
      const { line, ...trouble } = failure(state.failure, { name, again: app.next_check ?? null }, words, now);
      return { ...NOTHING, lines: [line], hints: good === null ? [] : [hint], ...trouble };
    }
    case "not-offered":
      return { ...NOTHING, ...noReason(state.reason, words, now) };
    case "available":
      if (state.stopped) return { ...NOTHING, ...offered(state.offer), lines: [stopped(state.stopped, words)] };
      return { ...NOTHING, ...offered(state.offer), ...available(name, state.offer, words) };
    case "deferred": {
      const lines = [putOff(state.deferred, name, words, now)];
      return { ...NOTHING, lines, hints: [{ id: "deferred-anyway" }], ...offered(state.offer) };
    }
    case "downloading": {
      const saved = saving(state.offer, state.progress, format);
      return { ...NOTHING, hints: saved === null ? [] : [saved] };
    }
    case "verifying":
      return { ...NOTHING, hints: [{ id: "verifying-hint" }] };
    case "falling-back":
      return { ...NOTHING, hints: fallback(state.why, state.progress.route, state.offer.version) };
    case "ready":
      return { ...NOTHING, ...offered(state.offer), ...planned(name, state.planned ?? null, words, now) };
    case "waiting-for-close": {
      const names = [...new Set(state.blockers.map((blocker) => blocker.name))];
      const blockers = { id: "waiting-blockers", args: { blockers: names, count: names.length } };
      const until = { id: "waiting-until", args: { moment: format.moment(Date.parse(state.until), now) } };
      return { ...NOTHING, lines: [...(names.length === 0 ? [] : [blockers]), until] };
    }
    case "probation": {
      const moment = format.moment(Date.parse(state.until), now);
      const args = { from: state.from ?? "none", to: state.to, moment };
      return { ...NOTHING, lines: [{ id: "probation-until", args }] };
    }
    case "updated":
      // What is new in it can be read afterwards as well.
      return { ...NOTHING, lines: updated(state.report, words), hints: kept(app), notes: state.report.repaired ? null : state.report.to };
    case "rolling-back": {
      const { lines, ...trouble } = rolledBack(state.why, { name, version: null, done: false }, words);
      return { ...NOTHING, lines, ...trouble };
    }
    case "rolled-back": {
      const { lines, ...trouble } = rolledBack(state.why, { name, version: state.from, done: true }, words);
      const again = ["recalled", "unproven"].includes(state.why.why) ? [] : [{ id: "rolled-back-not-again", args: { name } }];
      return { ...NOTHING, lines: [...lines, ...again], ...trouble };
    }
    case "failed": {
      const { line, unchanged, ...trouble } = failure(state.failure, { name, again: state.again_at }, words, now);
      const rest = unchanged && state.version !== null ? [{ id: "failed-unchanged", args: { name } }] : [];
      return { ...NOTHING, lines: [line, ...rest], ...trouble };
    }
    case "disabled":
      return { ...NOTHING, lines: [{ id: DISABLED[state.by], args: { name } }] };
  }
}

const DISABLED: Readonly<Record<Owner, string>> = {
  machine: "disabled-by-machine",
  user: "disabled-by-user",
  program: "disabled-by-program",
};

function offered(offer: OfferView): Pick<Story, "notes" | "important"> {
  return { notes: (offer.notes ?? []).length > 0 ? offer.version : null, important: offer.urgency === "critical" };
}

function available(name: string, offer: OfferView, { format }: Words): Pick<Story, "lines"> {
  const { version } = offer;
  const unknown = offer.needs_consent ? [{ id: "available-unknown", args: { name, version } }] : [];
  const full = offer.full_bytes ?? null;
  const size = full === null ? { id: "available-size-unknown", args: { name } } : { id: "available-size", args: { name, size: format.bytes(full) } };
  return { lines: [...unknown, size] };
}

/** A download that its person stopped. */
function stopped({ fetched, of }: Progress, { format }: Words): Line {
  if (fetched === 0) return { id: "stopped-at-once" };
  const count = of === null ? format.bytes(fetched) : format.bytesOf(Math.min(fetched, of), of).count;
  return { id: "stopped-at", args: { count } };
}

/** When the restart comes: as soon as a person says so, or as they have said before. */
function planned(name: string, plan: Plan | null, { format }: Words, now: number): Pick<Story, "lines" | "countdown"> {
  const only = (line: Line) => ({ lines: [line], countdown: null });
  if (plan === null) return only({ id: "ready-restart", args: { name } });
  if (plan.plan === "at-quit") return only({ id: "planned-at-quit", args: { name } });
  const at = Date.parse(plan.at);
  if (plan.counting) return { lines: [], countdown: at };
  return only({ id: "planned-at", args: { name, moment: format.moment(at, now) } });
}

/** What the update did, and what it cost. */
function updated(report: UpdateReport, { format }: Words): Line[] {
  const args = { fetched: format.bytes(report.bytes_fetched), full: format.bytes(report.full_bytes) };
  const fellBack = (report.fallbacks ?? []).length > 0 ? [{ id: "updated-fell-back" }] : [];
  const count = (report.still_old ?? []).length;
  const stillOld = count > 0 ? [{ id: "updated-still-old", args: { count } }] : [];
  if (report.bytes_fetched === 0) return [{ id: "updated-fetched-before" }, ...stillOld];
  const saved = report.bytes_fetched < report.full_bytes;
  return [{ id: saved ? "updated-saved" : "updated-full", args }, ...fellBack, ...stillOld];
}

function kept(app: AppView): Line[] {
  return app.previous ? [{ id: "updated-kept", args: { version: app.previous } }] : [];
}
