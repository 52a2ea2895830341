/** How far a download is, as numbers that a person can follow. One bar from the first byte to the last check. */
import type { AppState } from "./generated/AppState";
import type { OfferView } from "./generated/OfferView";
import type { Progress } from "./generated/Progress";
import type { RouteView } from "./generated/RouteView";
import type { Formats } from "./formats";
import type { Line } from "./words";

/** The states that have a bar. */
export type Moving = Extract<AppState, { state: "downloading" | "falling-back" | "verifying" }>;

export interface Bar {
  /** What is done; the bar starts anew when this changes. */
  readonly way: string;
  readonly label: Line;
  /** 0 to 100; `null` while it cannot be told. */
  readonly percent: number | null;
  readonly amount: Line | null;
  readonly speed: string | null;
  readonly left: Line | null;
}

export function isMoving(state: AppState): state is Moving {
  return state.state === "downloading" || state.state === "falling-back" || state.state === "verifying";
}

export function bar(state: Moving, format: Formats): Bar {
  if (state.state === "verifying") {
    const left = { id: "progress-left-moment" };
    return { way: "verify", label: { id: "progress-verifying" }, percent: 100, amount: null, speed: null, left };
  }
  const { progress } = state;
  const { route, fetched, bytes_per_second: speed } = progress;
  return {
    way: state.state === "falling-back" ? `again ${state.why.route.way} ${route?.way ?? ""}` : (route?.way ?? ""),
    label: { id: label(state.state, route) },
    percent: percent(progress),
    amount: progress.of === null ? fetchedOnly(fetched, format) : amount(fetched, progress.of, format),
    speed: speed === null || speed === 0 ? null : format.speed(speed),
    left: left(progress, format),
  };
}

function label(state: "downloading" | "falling-back", route: RouteView | null): string {
  if (route === null) return "progress-starting";
  return state === "falling-back" && route.way !== "patch" ? "progress-downloading-all" : "progress-downloading";
}

/** Whole percents, rounded down: 100 is said when it is true. */
export function percent({ fetched, of }: Pick<Progress, "fetched" | "of">): number | null {
  if (of === null || of <= 0) return null;
  return Math.min(100, Math.max(0, Math.floor((fetched * 100) / of)));
}

function amount(fetched: number, of: number, format: Formats): Line {
  return { id: "progress-amount", args: { ...format.bytesOf(Math.min(fetched, of), of) } };
}

function fetchedOnly(fetched: number, format: Formats): Line | null {
  return fetched === 0 ? null : { id: "progress-amount-open", args: { count: format.bytes(fetched) } };
}

function left(progress: Progress, format: Formats): Line | null {
  const time = timeLeft(progress);
  if (time === null) return null;
  if (time.value === 0) return { id: "progress-left-moment" };
  return { id: "progress-left", args: { span: format.span(time.value, time.unit) } };
}

/** Seconds in steps of 5, then minutes, then steps of 5 minutes, then hours; 0 = a moment. `null` = cannot be told. */
export function timeLeft(
  progress: Pick<Progress, "fetched" | "of" | "bytes_per_second">,
): { value: number; unit: "second" | "minute" | "hour" } | null {
  const { fetched, of, bytes_per_second: speed } = progress;
  if (of === null || speed === null || speed <= 0) return null;
  const seconds = Math.max(0, of - fetched) / speed;
  if (seconds <= 3) return { value: 0, unit: "second" };
  if (seconds <= 55) return { value: Math.ceil(seconds / 5) * 5, unit: "second" };
  const minutes = Math.ceil(seconds / 60);
  if (minutes <= 10) return { value: minutes, unit: "minute" };
  if (minutes <= 55) return { value: Math.ceil(minutes / 5) * 5, unit: "minute" };
  return { value: Math.ceil(minutes / 60), unit: "hour" };
}

/** What the way that was chosen saves, if it saves anything. */
export function saving(offer: OfferView, progress: Progress, format: Formats): Line | null {
  const { route, of } = progress;
  const full = offer.full_bytes ?? null;
  if (route === null || route.way === "full" || of === null || full === null || of >= full) return null;
  const sizes = { fetched: format.bytes(of), full: format.bytes(full) };
  if (route.way === "compressed-full") return { id: "saving-compressed", args: sizes };
  if (offer.from === null) return { id: "saving-patch-unknown", args: sizes };
  return { id: "saving-patch", args: { ...sizes, from: offer.from } };
}

/** The highest of 0, 25, 50, 75 and 100 that is reached: what is said aloud. */
export function milestone(percent: number | null): number | null {
  return percent === null ? null : Math.floor(percent / 25) * 25;
}
