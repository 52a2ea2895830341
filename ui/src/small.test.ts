import { describe, expect, it, vi } from "vitest";

import { Asked } from "./asked.svelte";
import type { Block } from "./generated/Block";
import { wear } from "./look";
import { directionOf, isLong } from "./notes";
import { notesOnce } from "./context";
import { refusal } from "./refusal";
import { tint, TINTS } from "./tint";

const paragraph = (letters: number): Block => ({ kind: "paragraph", words: [{ kind: "text", text: "x".repeat(letters) }] });

describe("long notes", () => {
  it.each<[string, Block[], boolean]>([
    ["nothing", [], false],
    ["six lines", Array.from({ length: 6 }, () => paragraph(10)), false],
    ["seven lines", Array.from({ length: 7 }, () => paragraph(10)), true],
    ["a long paragraph", [paragraph(300)], true],
    ["a nested list", [{ kind: "list", ordered: false, items: [[paragraph(1), { kind: "list", ordered: true, items: Array.from({ length: 6 }, () => [paragraph(1)]) }]] }], true],
    ["code", [{ kind: "code", text: "a\nb\nc\n" }], false],
    ["an empty heading", [{ kind: "heading", words: [] }], false],
  ])("%s", (_, blocks, expected) => {
    expect(isLong(blocks)).toBe(expected);
  });
});

it.each<[string, string, Block[]]>([
  ["ltr", "English", [{ kind: "code", text: "چراغ" }, { kind: "list", ordered: false, items: [[paragraph(3)]] }]],
  ["rtl", "Persian with an English name in it", [{ kind: "heading", words: [{ kind: "text", text: "1. سریع‌تر از Lantern" }] }, paragraph(3)]],
  ["rtl", "Persian after code", [{ kind: "paragraph", words: [{ kind: "code", text: "lantern" }, { kind: "text", text: " سریع‌تر" }] }]],
  ["auto", "without letters", [{ kind: "heading", words: [{ kind: "text", text: "7.2.0" }] }]],
])("go %s as a whole: notes in %s", (expected, _, blocks) => {
  expect(directionOf(blocks)).toBe(expected);
});

it("notes are asked for once per program and version, and none are no fault", async () => {
  const ask = vi.fn(async (app: string): Promise<Block[]> => {
    if (app === "b") throw new Error("gone");
    return [paragraph(1)];
  });
  const notes = notesOnce({ notes: ask } as unknown as Parameters<typeof notesOnce>[0]);
  expect(await notes("a", "1.0.0")).toEqual([paragraph(1)]);
  expect(await notes("a", "1.0.0")).toEqual([paragraph(1)]);
  expect(await notes("b", "1.0.0")).toEqual([]);
  await notes("a", "2.0.0");
  expect(ask.mock.calls).toEqual([["a"], ["b"], ["a"]]);
});

it("the same program has the same colour always", () => {
  expect(["lantern", "field-notes", "ledger"].map(tint)).toEqual([7, 3, 4]);
  const all = new Set(Array.from({ length: 200 }, (_, index) => tint(`app-${index}`)));
  expect([...all].sort()).toEqual(Array.from({ length: TINTS }, (_, index) => index));
});

it("a look that is none is the system's", () => {
  for (const [look, expected] of [["dark", "dark"], ["light", "light"], ["system", undefined], ["blue", undefined], [undefined, undefined]] as const) {
    wear(look);
    expect(document.documentElement.dataset["theme"]).toBe(expected);
  }
});

describe("what a panel asks for", () => {
  it("is asked once at a time, and the last question counts", async () => {
    const answers: ((text: string) => void)[] = [];
    const ask = vi.fn((_: string) => new Promise<string>((answer) => answers.push(answer)));
    const asked = new Asked(ask);
    const done = [asked.look("a"), asked.look("a"), asked.look("a"), asked.look("b")];
    expect(ask.mock.calls).toEqual([["a"]]);
    answers[0]?.("of a");
    await Promise.resolve();
    expect(asked.answer).toBeNull();
    await vi.waitFor(() => expect(ask.mock.calls).toEqual([["a"], ["b"]]));
    answers[1]?.("of b");
    await Promise.all(done);
    expect(asked.answer).toBe("of b");
  });

  it("keeps the last answer if there is no other, and says that there is none", async () => {
    const answers = [Promise.resolve("one"), Promise.reject(new Error("gone")), Promise.resolve("two")];
    const asked = new Asked((_: string) => answers.shift() ?? Promise.reject(new Error("none")));
    await asked.look("a");
    await asked.look("a");
    expect([asked.answer, asked.refused?.id]).toEqual(["one", "panel-lost"]);
    await asked.look("a");
    expect([asked.answer, asked.refused]).toEqual(["two", null]);
    await asked.look("b");
    expect(asked.answer).toBeNull();
  });
});

it("only a message of the app is told as it is", () => {
  const message = { id: "act-too-late", args: {}, count: null };
  expect(refusal(message)).toBe(message);
  for (const other of [new Error("x"), "text", null, undefined, { id: 1, args: {} }, { id: "x" }])
    expect(refusal(other)).toEqual({ id: "act-refused", args: {}, count: null });
});
