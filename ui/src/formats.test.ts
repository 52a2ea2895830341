import { describe, expect, it } from "vitest";

import { formats } from "./formats";

const format = formats("en-GB");
const plain = (text: string) => text.replace(/\u00a0/g, " ");

it.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [999, "999 bytes"],
  [1_000, "1 kB"],
  [471_200, "471 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [10_800_000, "10.8 MB"],
  [99_940_000, "99.9 MB"],
  [99_960_000, "100 MB"],
  [142_000_000, "142 MB"],
  [3_100_000_000, "3.1 GB"],
  [5e15, "5,000 TB"],
])("%i bytes are %s", (count, expected) => {
  expect(plain(format.bytes(count))).toBe(expected);
  expect(format.bytes(count)).not.toMatch(/ /);
});

it.each([
  [11_408_000, 18_400_000, "11.4", "18.4 MB"],
  [900_000, 142_000_000, "0.9", "142 MB"],
  [500, 18_400, "1", "18 kB"],
  [0, 3_100_000_000, "0.0", "3.1 GB"],
])("%i of %i", (count, of, shown, total) => {
  const both = format.bytesOf(count, of);
  expect([both.count, plain(both.of)]).toEqual([shown, total]);
});

it("speeds, shares and spans", () => {
  expect(plain(format.speed(1_200_000))).toBe("1.2 MB/s");
  expect(format.percent(62)).toBe("62%");
  expect(plain(format.span(12, "minute"))).toMatch(/^12 mins?$/);
  expect(plain(formats("en-US").span(12, "minute"))).toBe("12 min");
});

// Whether an hour has one digit or two, and whether there is a comma, is up to the system's tables.
it("places have the language's figures and no groups, and Han letters stand apart from figures", () => {
  expect([formats("fa").place(1234), format.place(1234)]).toEqual(["۱۲۳۴", "1234"]);
  const chinese = formats("zh-CN");
  expect([chinese.span(12, "minute"), chinese.bytes(471_200)].map(plain)).toEqual(["12 分钟", "471 kB"]);
  expect(plain(chinese.moment(Date.parse("2030-06-07T12:00"), Date.parse("2030-06-04T12:00")))).toBe("周五 12:00");
  expect(chinese.list(["a", "b", "c"])).toBe("a、b 和 c");
});

describe("moments", () => {
  const now = Date.parse("2030-06-04T18:28:00Z");
  it.each([
    ["2030-06-04T18:40:00Z", /^18:40$/],
    ["2030-06-05T00:05:00Z", /^Wed,? 0?0:05$/],
    ["2030-06-02T09:00:00Z", /^Sun,? 0?9:00$/],
    ["2030-08-01T09:00:00Z", /^1 Aug 2030,? 0?9:00$/],
  ])("%s", (at, expected) => {
    expect(plain(format.moment(Date.parse(at), now))).toMatch(expected);
  });
});

it("first letters are whole letters", () => {
  expect(["lantern", " ärger", "चिराग", "👩‍🚀 app", ""].map(format.initial)).toEqual(["L", "Ä", "चि", "👩‍🚀", ""]);
});

it("other languages have other figures", () => {
  expect(formats("fa").percent(62)).toContain("۶۲");
  expect(formats("ru").bytes(10_800_000)).toContain("10,8");
  expect(plain(formats("fa-IR").bytes(10_800_000))).toBe("۱۰٫۸ مگابایت");
  expect(formats("fa").speed(1_200_000)).toMatch(/^۱٫۲\u00a0مگابایت/);
});
