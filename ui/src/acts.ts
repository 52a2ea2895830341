/** Which acts of a card are buttons, and which wait in its menu. */
import type { Act } from "./generated/Act";

/** At most one button of a card moves the person forward, and only if it is the first. */
const FORWARD = new Set<Act>(["install", "replace", "restart", "retry"]);
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
