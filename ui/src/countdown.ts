/** The last minutes before a planned restart, in words. */
import type { Formats } from "./formats";
import type { Line } from "./words";

/** Seconds where every one counts, before that whole minutes. */
export function countdown(at: number, name: string, format: Formats, now: number): Line {
  const seconds = Math.ceil((at - now) / 1000);
  if (seconds <= 0) return { id: "countdown-now", args: { name } };
  const span = seconds <= 120 ? format.span(seconds, "second") : format.span(Math.ceil(seconds / 60), "minute");
  return { id: "countdown", args: { name, span } };
}
