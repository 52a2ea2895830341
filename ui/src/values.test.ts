import { describe, expect, it } from "vitest";

import { catalogues } from "./catalogues";
import { hoursOf, LANGUAGES, nameOf, optionsOf, valueOf } from "./settings";
import { words } from "./test/desk";

describe("values in words", () => {
  const say = (key: string, value: string) => {
    const said = valueOf(key, value, words);
    return "line" in said ? words.message(said.line).replace(/\s/g, " ") : `as it is: ${said.latin}`;
  };

  it.each([
    ["mode", "automatic", "Automatic"],
    ["quiet_hours", "22:00-7:00", "10:00 PM to 7:00 AM"],
    ["quiet_hours", "none", "none"],
    ["quiet_hours", "at night", "as it is: at night"],
    ["check_every", "4h", "every 4 hr"],
    ["check_every", "90m", "every 90 min"],
    ["check_every", "2d", "every 2 days"],
    ["check_every", "often", "as it is: often"],
    ["proxy", "http://proxy.example.org:3128", "as it is: http://proxy.example.org:3128"],
    ["channel", "nightly", "as it is: nightly"],
    ["channel", "beta", "Beta"],
    ["new_key", "new", "as it is: new"],
  ])("%s = %s", (key, value, expected) => {
    expect(say(key, value)).toBe(expected);
  });

  it("keys that are newer call themselves", () => {
    expect(nameOf("new_key", words)).toEqual({ latin: "new_key" });
    expect(nameOf("quiet_hours", words)).toEqual({ line: { id: "setting-quiet-hours" } });
  });

  it("what is in effect can be chosen, whatever it is", () => {
    expect(optionsOf("proxy", "http://p:1", words).at(-1)).toEqual({ value: "http://p:1", latin: "http://p:1" });
    expect(optionsOf("channel", "beta", words).map(({ value }) => value)).toEqual(["stable", "beta"]);
    expect(hoursOf("7:00-9:30")).toEqual({ begin: "07:00", end: "09:30" });
  });

  it("every language of the catalogues can be chosen", () => {
    expect(Object.keys(LANGUAGES).sort()).toEqual(Object.keys(catalogues).sort());
  });
});
