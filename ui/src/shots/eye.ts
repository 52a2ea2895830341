/**
 * What eyes may miss in a picture, asked of the page itself: words that are cut off, stand on each other or outside,
 * figures and directions of another language, letters that no font has.
 */

/** Cut off on purpose: notes until they are opened, words for ears only, and what says so itself. */
const MAY_BE_CUT = ".clipped, .aloud, [data-may-be-cut]";
/** Rounding. */
const HAIR = 1.5;
/** Stands over other things on purpose, as long as it is open. */
const FLOATS = ".menu";

/** How much higher a window must be for nothing of it to be scrolled away. */
export function hidden(): number {
  const scrolled = [...document.querySelectorAll("*")].filter((element) => /auto|scroll/.test(getComputedStyle(element).overflowY));
  return Math.max(0, ...scrolled.map(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight));
}

/** One line each: what is wrong, where, with which words. */
export function faults(): string[] {
  const words = texts();
  return [...cut(), ...outside(words), ...overlaps(words), ...direction(words), ...figures(words)];
}

/** Every letter that is to be seen, once. */
export function letters(): string {
  const all = texts().map(({ node }) => node.data).join("");
  return [...new Set(all)].filter((letter) => !/[\p{C}\p{M}\p{Z}]/u.test(letter)).sort().join("");
}

/** Those for which no font has a picture: they are all drawn as the same box. */
export function boxes(letters: string): string[] {
  const paper = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
  const size = (paper.canvas.width = paper.canvas.height = 32);
  const drawn = (letter: string) => {
    paper.clearRect(0, 0, size, size);
    paper.font = `16px ${getComputedStyle(document.querySelector(".app")!).fontFamily}`;
    paper.fillText(letter, 8, 24);
    return paper.getImageData(0, 0, size, size).data.join();
  };
  // No letter will ever have this number.
  const box = drawn("\u{3fffd}");
  return [...letters].filter((letter) => drawn(letter) === box);
}

interface Words {
  readonly node: Text;
  readonly parent: HTMLElement;
  readonly places: readonly DOMRect[];
}

function texts(): Words[] {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found: Words[] = [];
  for (let node = walker.nextNode() as Text | null; node !== null; node = walker.nextNode() as Text | null) {
    const parent = node.parentElement;
    if (parent === null || node.data.trim() === "" || parent.closest("script, .aloud, svg")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const places = [...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
    if (parent.checkVisibility() && places.length > 0) found.push({ node, parent, places });
  }
  return found;
}

function cut(): string[] {
  const elements = [...document.querySelectorAll<HTMLElement>("html, body, body *:not(svg, svg *)")];
  return elements.flatMap((element) => {
    const { overflowX, overflowY } = getComputedStyle(element);
    const own = [...element.childNodes].some((child) => child instanceof Text && child.data.trim() !== "");
    const { clientWidth, clientHeight, scrollWidth, scrollHeight } = element;
    if (clientWidth === 0 || element.closest(MAY_BE_CUT) || element instanceof HTMLInputElement) return [];
    const wide = scrollWidth - clientWidth;
    const high = scrollHeight - clientHeight;
    if (wide > HAIR && (own || overflowX !== "visible" || element === document.documentElement))
      return [`${wide} pixels too wide for its place: ${name(element)}`];
    if (high > HAIR && /hidden|clip/.test(overflowY)) return [`${high} pixels too high for its place: ${name(element)}`];
    return [];
  });
}

function outside(all: readonly Words[]): string[] {
  const gone = all.filter(({ places }) => places.some(({ left, right }) => left < -HAIR || right > innerWidth + HAIR));
  return gone.map(({ parent }) => `outside of the window: ${name(parent)}`);
}

function overlaps(all: readonly Words[]): string[] {
  const buttons = [...document.querySelectorAll<HTMLElement>("button, a, input, select")].map((element) => ({
    element,
    place: element.getBoundingClientRect(),
  }));
  // A letter's box is higher than the letter, and boxes of two lines may touch.
  const lines = all
    .filter(({ parent }) => !parent.closest(MAY_BE_CUT))
    .flatMap(({ parent, places }) => places.map((place) => ({ element: parent, place: middle(place) })));
  return [buttons, lines].flatMap((things) =>
    things.flatMap((one, index) =>
      things
        .slice(index + 1)
        .filter((other) => one.element.closest(FLOATS) === other.element.closest(FLOATS) && meet(one.place, other.place))
        .map((other) => `one on the other: ${name(one.element)} and ${name(other.element)}`),
    ),
  );
}

function middle({ x, y, width, height }: DOMRect): DOMRect {
  return new DOMRect(x, y + height / 4, width, height / 2);
}

function meet(a: DOMRect, b: DOMRect): boolean {
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return across > HAIR && down > HAIR;
}

/** The page goes as its language does, and no word goes against its letters. */
function direction(all: readonly Words[]): string[] {
  const expected = /^(ar|fa|he|ur)\b/.test(document.documentElement.lang) ? "rtl" : "ltr";
  const app = getComputedStyle(document.querySelector(".app")!).direction;
  const whole = app === expected ? [] : [`the page goes ${app}, its language ${expected}`];
  const against = all.filter(({ node, parent }) => {
    const rtl = /(?=\p{L})[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(node.data);
    const way = getComputedStyle(parent).direction;
    return rtl ? way === "ltr" : expected === "ltr" && way === "rtl";
  });
  return [...whole, ...against.map(({ parent }) => `in the wrong direction: ${name(parent)}`)];
}

/** Where a language has figures of its own, only what is Latin anyway (versions, codes, names) has others. */
function figures(all: readonly Words[]): string[] {
  const { numberingSystem } = new Intl.NumberFormat(document.documentElement.lang).resolvedOptions();
  if (numberingSystem === "latn") return [];
  const latin = all.filter(({ node, parent }) => /\d/.test(node.data) && !/[A-Za-z]/.test(node.data) && !parent.closest('[dir="ltr"]'));
  return latin.map(({ parent }) => `figures of another language: ${name(parent)}`);
}

/** An element as a person finds it again: its place, then its words. */
export function name(element: Element): string {
  const path: string[] = [];
  for (let at: Element | null = element; at !== null && path.length < 3 && at !== document.body; at = at.parentElement)
    path.unshift(at.localName + [...at.classList].map((one) => `.${one}`).join(""));
  const words = (element.textContent ?? "").replace(/\s+/g, " ").trim();
  return `${path.join(" > ")} "${words.length > 60 ? `${words.slice(0, 60)}…` : words}"`;
}
