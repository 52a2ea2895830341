/** When programs were looked at last, and when that happens next. */
import type { AppView } from "./generated/AppView";
import type { Shown } from "./generated/Shown";
import type { Formats } from "./formats";
import { isMoving } from "./progress";
import type { Line } from "./words";

/** Headlines that say that a check did not work: when it was tried is no news beside it. */
const IN_VAIN = new Set(["one-state-cannot-verify", "one-state-failed-check"]);

export function isInVain({ words }: Shown["summary"]): boolean {
  return IN_VAIN.has(words.id);
}

/** The line below the headline. */
export function checked({ view, summary }: Pick<Shown, "view" | "summary">, format: Formats, now: number): Line[] {
  const downloads = view.apps.some((app) => isMoving(app.state));
  if (summary.glyph === "working" && downloads) return [{ id: "summary-note-working" }];
  if (isInVain(summary)) return [];
  const looked = view.apps.filter((app) => app.state.state !== "disabled");
  const last = lastCheck(looked);
  const next = nextCheck(looked, now);
  return [
    ...(last === null ? [] : [ago(last, format, now)]),
    ...(next === null ? [] : [{ id: "next-check", args: { moment: format.moment(next, now) } }]),
  ];
}

/** The oldest of their last checks, since the line is about all of them; `null` if one was never checked. */
export function lastCheck(apps: readonly AppView[]): number | null {
  if (apps.length === 0) return null;
  const times = apps.map((app) => (app.last_check ? Date.parse(app.last_check.at) : null));
  return times.reduce((oldest, time) => (oldest === null || time === null ? null : Math.min(oldest, time)));
}

/** The earliest check that is planned and has not passed. */
export function nextCheck(apps: readonly AppView[], now: number): number | null {
  const times = apps.flatMap((app) => (app.next_check ? [Date.parse(app.next_check)] : []));
  const coming = times.filter((time) => time > now);
  return coming.length === 0 ? null : Math.min(...coming);
}

/** How long ago, in one unit. A clock that was set back makes it "just now". */
export function ago(at: number, format: Formats, now: number): Line {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return { id: "checked-now" };
  if (minutes < 60) return { id: "checked-ago", args: { span: format.span(minutes, "minute") } };
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return { id: "checked-ago", args: { span: format.span(hours, "hour") } };
  return { id: "checked-ago", args: { span: format.span(Math.floor(hours / 24), "day") } };
}
