/** Until when nothing happens by itself, in words. */
import type { Formats } from "./formats";
import type { Pause } from "./generated/Pause";
import type { Line } from "./words";

export function paused({ until }: Pause, format: Formats, now: number): Line {
  if (!until) return { id: "paused-open" };
  return { id: "paused-until", args: { moment: format.moment(Date.parse(until), now) } };
}
