/** Why there is nothing to install, why a version was undone, why a cheaper way was given up: in sentences. */
import type { Deferred } from "./generated/Deferred";
import type { FallbackView } from "./generated/FallbackView";
import type { Reason } from "./generated/Reason";
import type { RollBackWhy } from "./generated/RollBackWhy";
import type { RouteView } from "./generated/RouteView";
import type { Version } from "./generated/Version";
import { fact, noFacts, sentence, type Trouble } from "./trouble";
import type { Line, Words } from "./words";

/** Why a release is kept from this installation. */
export function noReason(reason: Reason, { format }: Words, now: number): Trouble & { lines: Line[] } {
  const only = (line: Line) => ({ lines: [line], ...noFacts });
  switch (reason.reason) {
    case "nothing-for-platform":
      return only({ id: "reason-nothing-for-platform" });
    case "os-too-old": {
      const id = reason.has === null ? "reason-os-unknown" : "reason-os-too-old";
      return only({ id, args: { needs: reason.needs, has: reason.has ?? "" } });
    }
    case "os-pinned":
      return only({ id: "reason-os-pinned", args: { version: reason.at } });
    case "not-yet":
      return only({ id: "reason-not-yet", args: { share: format.percent(Math.floor(reason.share / 100)) } });
    case "halted":
      return only({ id: "reason-halted" });
    case "recalled":
      return only({ id: "reason-recalled" });
    case "control-unverified":
      return { lines: [{ id: "reason-control-unverified" }], code: null, facts: [fact.text(reason.why)] };
    case "known-bad":
      return only({ id: "reason-known-bad" });
    case "below-floor":
      return only({ id: "reason-below-floor", args: { version: reason.floor } });
    case "undone":
      return only({ id: "reason-undone" });
    case "skipped":
      return only({ id: "reason-skipped" });
    case "on-hold":
      return only({ id: "reason-on-hold" });
    case "pinned":
      return only({ id: "reason-pinned", args: { version: reason.at, by: reason.by } });
    case "too-young":
      return only({ id: "reason-too-young", args: { moment: format.moment(Date.parse(reason.until), now) } });
    case "turned-off":
      return only({ id: "reason-turned-off" });
  }
}

/** Why an update is put off, and until when if that is known. */
export function putOff(deferred: Deferred, name: string, { format }: Words, now: number): Line {
  const moment = deferred.until ? format.moment(Date.parse(deferred.until), now) : "none";
  switch (deferred.why) {
    case "paused":
    case "quiet-hours":
    case "outside-hours":
      return { id: `deferred-${deferred.why}`, args: { moment } };
    case "busy":
      return { id: "deferred-busy", args: { name, moment } };
    case "metered":
      return { id: "deferred-metered", args: { limit: deferred.limit === 0 ? "none" : format.bytes(deferred.limit) } };
    case "battery":
      return { id: "deferred-battery", args: { percent: format.percent(deferred.percent) } };
  }
}

/** Why a version is being undone, or was. */
export function rolledBack(
  why: RollBackWhy,
  about: { readonly name: string; readonly version: Version | null; readonly done: boolean },
  words: Words,
): Trouble & { lines: Line[] } {
  const args = { name: about.name, version: about.version ?? "none" };
  switch (why.why) {
    case "by-person":
      return { lines: [{ id: "rolled-back-by-person", args }], ...noFacts };
    case "recalled":
      return { lines: [{ id: "rolled-back-recalled", args }], ...noFacts };
    case "unhealthy":
      return {
        lines: [
          sentence(`rolled-back-${why.code}`, "rolled-back-unhealthy", args, words),
          ...(about.done ? [{ id: "rolled-back-safe" }] : []),
        ],
        code: why.code,
        facts: [fact.code(why.code), fact.text(why.text)],
      };
    case "unproven":
      return {
        lines: [{ id: "rolled-back-unproven", args }, ...(about.done ? [{ id: "rolled-back-safe" }] : [])],
        code: why.code,
        facts: [fact.code(why.code), fact.text(why.text)],
      };
  }
}

/** What was given up, and what is done instead: the bar starts anew, and this says why. */
export function fallback(why: FallbackView, now: RouteView | null, version: Version): Line[] {
  return [{ id: gaveUp(why) }, ...(now === null ? [] : [{ id: INSTEAD[now.way], args: { version } }])];
}

const INSTEAD: Readonly<Record<RouteView["way"], string>> = {
  patch: "instead-patch",
  "compressed-full": "instead-full",
  full: "instead-full",
};

/** A way that was given up, as far as it counts why. */
type Gone = Pick<FallbackView, "code"> & { readonly route: Pick<RouteView, "way"> };

/** Bytes that are not what was signed, whichever check noticed. */
const DAMAGED = /^E-PATCH-(ARTIFACT|COMPRESS|HASH|MALFORMED|RESULT|TOO-LONG|TRAILING|TRUNCATED)$|^E-FILE-(HASH|LENGTH|COMPRESSED)$|^E-LANTERN-(CHECKSUM|COMPRESSED|SIGNATURE)$/;

export function gaveUp({ code, route }: Gone): string {
  if (DAMAGED.test(code)) return "gave-up-damaged";
  if (code.startsWith("E-NET-")) return "gave-up-network";
  if (route.way !== "patch") return "gave-up-other";
  if (code === "E-PATCH-BASE" || code === "E-PATCH-READ-BASE") return "gave-up-base";
  if (code === "E-PATCH-MEMORY") return "gave-up-memory";
  if (code === "E-PATCH-NOT-MADE") return "gave-up-not-made";
  return "gave-up-patch";
}
