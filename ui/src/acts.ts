/** Which acts of a card are buttons, which wait in its menu, and what they are called. */
import type { Act } from "./generated/Act";
import type { AppView } from "./generated/AppView";
import type { Line } from "./words";

/** At most one button of a card moves the person forward, and only if it is the first. */
const FORWARD = new Set<Act>(["install", "replace", "restart", "retry", "resume"]);
/** What is seldom wanted stands in the menu as soon as there is a choice. */
const RARE = new Set<Act>(["skip", "hold"]);
/** Buttons beside the one that moves forward. */
const BESIDE = 2;

export interface Split {
  readonly primary: Act | undefined;
  readonly beside: readonly Act[];
  readonly menu: readonly Act[];
}

export function split(acts: readonly Act[]): Split {
  const [first] = acts;
  const primary = first !== undefined && FORWARD.has(first) ? first : undefined;
  const others = acts.filter((act) => act !== primary);
  if (acts.length <= 2) return { primary, beside: others, menu: [] };
  const beside = others.filter((act) => !RARE.has(act)).slice(0, BESIDE);
  return { primary, beside, menu: others.filter((act) => !beside.includes(act)) };
}

/** Whoever goes back wants to know where to. */
export function labelOf(act: Act, { previous }: Pick<AppView, "previous">): Line {
  if (act === "roll-back" && previous) return { id: "act-roll-back-to", args: { version: previous } };
  return { id: `act-${act}` };
}
