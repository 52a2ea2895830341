/** The window by keyboard: where the focus can stop, and what is seen of it there. */
import { name } from "./eye";

/** Of buttons of which one is chosen, the keyboard stops at that one. */
const STOPS = "button, a[href], input:not([type=radio]:not(:checked)), select, textarea, summary, [tabindex]";

interface Stop {
  readonly element: HTMLElement;
  readonly place: DOMRect;
}

let expected: Stop[] = [];
let reached: { element: HTMLElement; faults: string[] }[] = [];

/** A time has more stops within: minutes, the half of the day where a language has halves, and what opens its picker. */
const WITHIN = 3;

/** Begins a walk at the top of everything; how often Tab has to be pressed, and how often more at most. */
export function walk(): { stops: number; within: number } {
  for (const element of document.querySelectorAll(".panel")) element.scrollTop = 0;
  const elements = [...document.querySelectorAll<HTMLElement>(STOPS)];
  expected = elements
    .filter((element) => element.tabIndex >= 0 && !element.matches(":disabled") && element.checkVisibility())
    .map((element) => ({ element, place: element.getBoundingClientRect() }));
  // The next Tab goes on from here, wherever an earlier walk has ended.
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  reached = [];
  const times = expected.filter(({ element }) => element.matches("[type=time]"));
  return { stops: expected.length, within: times.length * WITHIN };
}

/** Whether the last stop is still to come. */
export function walking(): boolean {
  return document.activeElement !== expected.at(-1)?.element;
}

document.addEventListener("focusin", ({ target }) => reached.push(look(target as HTMLElement)));

/** What was wrong on the way, one line each. */
export function walked(): string[] {
  const missed = expected.filter(({ element }) => !reached.some((stop) => stop.element === element));
  const places = reached.map(({ element }) => expected.find((stop) => stop.element === element));
  const jumps = places.slice(1).flatMap((to, index) => {
    const from = places[index];
    return from === undefined || to === undefined || follows(from.place, to.place)
      ? []
      : [`the focus jumps back from ${name(from.element)} to ${name(to.element)}`];
  });
  return [
    ...missed.map(({ element }) => `the keyboard does not reach ${name(element)}`),
    ...jumps,
    ...reached.flatMap(({ faults }) => faults),
  ];
}

function look(element: HTMLElement): { element: HTMLElement; faults: string[] } {
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
  const ring = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && !/, 0\)$|transparent/.test(outlineColor);
  // Scrolled to where it can be seen, with nothing of the window over it.
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const faults = [
    ...(ring ? [] : [`no ring around ${name(element)}`]),
    ...(seen !== null && element.contains(seen) ? [] : [`the focus is out of sight at ${name(element)}`]),
  ];
  return { element, faults };
}

/** Whether eyes that read on from one place come to the other: further in its line, or below it. */
function follows(from: DOMRect, to: DOMRect): boolean {
  const shared = Math.min(from.bottom, to.bottom) - Math.max(from.top, to.top);
  if (shared < Math.min(from.height, to.height) / 2) return to.top > from.top;
  return document.documentElement.dir === "rtl" ? to.right <= from.left : to.left >= from.right;
}
