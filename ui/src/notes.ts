/** How much room release notes take, so that long ones wait behind a button, and which way they go. */
import type { Block } from "./generated/Block";
import type { Inline } from "./generated/Inline";

/** Lines that are shown unasked; `styles/app.css` clips at as many. */
const SHOWN = 6;
/** Letters that fit into a line of the window's narrowest layout, about. */
const PER_LINE = 46;

export function isLong(blocks: readonly Block[]): boolean {
  return lines(blocks) > SHOWN;
}

/** The way that the notes go as a whole: of their first letter that has one. Nobody says which language they are in. */
export function directionOf(blocks: readonly Block[]): "ltr" | "rtl" | "auto" {
  const letter = /\p{L}/u.exec(text(blocks))?.[0];
  if (letter === undefined) return "auto";
  return /[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(letter) ? "rtl" : "ltr";
}

function text(blocks: readonly Block[]): string {
  return blocks.map((block) => {
    if (block.kind === "list") return block.items.map(text).join(" ");
    // Code goes its own way.
    return block.kind === "code" ? "" : block.words.map((word) => (word.kind === "code" ? "" : word.text)).join("");
  }).join(" ");
}

function lines(blocks: readonly Block[]): number {
  return blocks.reduce((sum, block) => sum + linesOf(block), 0);
}

function linesOf(block: Block): number {
  switch (block.kind) {
    case "heading":
    case "paragraph":
      return Math.max(1, Math.ceil(letters(block.words) / PER_LINE));
    case "list":
      return block.items.reduce((sum, item) => sum + lines(item), 0);
    case "code":
      return block.text.trimEnd().split("\n").length;
  }
}

function letters(words: readonly Inline[]): number {
  return words.reduce((sum, word) => sum + word.text.length, 0);
}
