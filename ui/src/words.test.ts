import { describe, expect, it, vi } from "vitest";

import choices from "../locales/choice.json";
import { choose, Words } from "./words";

const EN = `
plain = Plain
version = Version { $version } of { $name }
whole = { $name }
counted =
    { $count ->
        [one] { $count } thing
       *[other] { $count } things
    }
only-english = Only here
`;
const FA = "plain = ساده\n";
const words = Words.of(["en-GB"], { en: EN });

describe("message", () => {
  it.each([
    ["plain", undefined, "Plain"],
    ["version", { version: "7.2.0", name: "Lantern" }, "Version 7.2.0 of Lantern"],
    ["whole", { name: "Lantern" }, "Lantern"],
    ["counted", { count: 1 }, "1 thing"],
    ["counted", { count: 3 }, "3 things"],
  ])("%s", (id, args, expected) => {
    expect(words.message(id, args)).toBe(expected);
    expect(words.message({ id, ...(args ? { args } : {}) })).toBe(expected);
  });

  it("takes what the app sends", () => {
    expect(words.message({ id: "counted", args: {}, count: 2 })).toBe("2 things");
    expect(words.message({ id: "plain", args: {}, count: null })).toBe("Plain");
  });

  it("says a missing key as the key, and says so", () => {
    const missing = vi.fn();
    expect(Words.of(["en"], { en: EN }, missing).message("nothing")).toBe("nothing");
    expect(missing).toHaveBeenCalledWith("nothing");
    Words.of(["en"], { en: EN }, missing).message("whole");
    expect(missing).toHaveBeenCalledTimes(2);
  });
});

describe("pieces", () => {
  it("keeps arguments apart, and versions left to right", () => {
    expect(words.pieces("version", { version: "7.2.0", name: "چراغ" })).toEqual([
      { text: "Version " },
      { text: "7.2.0", dir: "ltr" },
      { text: " of " },
      { text: "چراغ", dir: "auto" },
    ]);
  });

  it("lets a list go as the sentence does, and each of its names as its letters do", () => {
    const persian = Words.of(["fa"], { en: EN, fa: "open = { $blockers } باز است\n" });
    expect(persian.pieces("open", { blockers: ["lantern", "چراغ\u202e"] })).toEqual([
      { text: "lantern", dir: "auto" },
      { text: " و " },
      { text: "چراغ", dir: "auto" },
      { text: " باز است" },
    ]);
    expect(words.message("version", { version: "7.2.0", name: ["a", "b", "c"] })).toBe("Version 7.2.0 of a, b and c");
  });

  it("puts nothing between sentences where the language does not", () => {
    expect([words.gap, Words.of(["zh-CN"], { en: EN, "zh-Hans": "" }).gap]).toEqual([" ", ""]);
  });

  it("lets no argument turn the sentence", () => {
    const name = "a\u202eb\u2069c\u2068d";
    expect(words.pieces("version", { version: "1.0.0", name }).at(-1)).toEqual({ text: "abcd", dir: "auto" });
  });
});

describe("languages", () => {
  // The tray is held to the same table.
  it.each(choices)("$wanted of $there is $language", ({ wanted, there, locale, language }) => {
    expect(choose(wanted, there)).toEqual({ locale, language });
  });

  it("what Intl cannot write numbers by is none", () => {
    expect(choose(["C", "c_", "de"], ["c_", "en"])).toEqual({ locale: "en", language: "en" });
  });

  it("a language that is written to the left turns the window, and English fills its gaps", () => {
    const persian = Words.of(["fa"], { en: EN, fa: FA });
    expect(persian.direction).toBe("rtl");
    expect([persian.message("plain"), persian.message("only-english")]).toEqual(["ساده", "Only here"]);
    expect([persian.has("only-english"), persian.has("nothing")]).toEqual([true, false]);
    expect(words.direction).toBe("ltr");
  });
});
