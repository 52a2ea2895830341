/**
 * Numbers, bytes and times as people of one language write them.
 *
 * Bytes are counted in thousands, as the units' names say (1 MB = 1,000,000 bytes). A number and its unit are never
 * torn apart by a line's end.
 */

export interface Formats {
  /** `1,234`. */
  number(value: number): string;
  /** `1234`: counts places, and nobody adds them up. */
  place(value: number): string;
  /** `471 kB`, `10.8 MB`, `142 MB`. */
  bytes(count: number): string;
  /** `11.4` and `18.4 MB`: both in the unit of the second. */
  bytesOf(count: number, of: number): { count: string; of: string };
  /** `1.2 MB/s`. */
  speed(bytesPerSecond: number): string;
  /** `62%`, of a whole number. */
  percent(percent: number): string;
  /** `12 min`. */
  span(value: number, unit: "second" | "minute" | "hour" | "day"): string;
  /** `18:40` today, `Tue 18:40` within a week, else with the date. */
  moment(at: number, now: number): string;
  /** `18:40`. */
  time(at: number): string;
  /** `4 June`, with its year if that is another one. */
  date(at: number, now: number): string;
  /** `a, b and c`. */
  list(items: readonly string[]): string;
  /** The first letter of a name, as a capital. */
  initial(name: string): string;
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
const DAY = 24 * 60 * 60 * 1000;

export function formats(locale: string): Formats {
  // Short for a byte is "byte" also for many; for Persian it is Latin letters, which turn the line's direction.
  const spelled = /^fa\b/i.test(locale);
  const unit = (value: number, name: string, digits = 0): string => {
    const format = new Intl.NumberFormat(locale, {
      style: "unit",
      unit: name,
      unitDisplay: name === "byte" || spelled ? "long" : "short",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    return unbroken(apart(format.format(value)));
  };
  const bytes = (count: number, suffix = ""): string => {
    const { value, name, digits } = scale(count);
    return unit(value, name + suffix, digits);
  };
  const times = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", ...options });
  return {
    number: (value) => new Intl.NumberFormat(locale).format(value),
    place: (value) => new Intl.NumberFormat(locale, { useGrouping: false }).format(value),
    bytes: (count) => bytes(count),
    bytesOf: (count, of) => {
      const { factor } = scale(of);
      const digits = digitsOf(count, factor);
      const format = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
      return { count: format.format(count / factor), of: bytes(of) };
    },
    speed: (rate) => bytes(rate, "-per-second"),
    percent: (percent) => unbroken(new Intl.NumberFormat(locale, { style: "percent" }).format(percent / 100)),
    span: (value, name) => unit(value, name),
    moment: (at, now) => {
      const days = Math.round((midnight(at) - midnight(now)) / DAY);
      if (days === 0) return unbroken(times({}).format(at));
      if (Math.abs(days) < 7) return unbroken(apart(times({ weekday: "short" }).format(at)));
      return times({ year: "numeric", month: "short", day: "numeric" }).format(at);
    },
    time: (at) => unbroken(times({}).format(at)),
    date: (at, now) => {
      const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? {} : ({ year: "numeric" } as const);
      return new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", ...year }).format(at);
    },
    list: (items) => {
      const parts = new Intl.ListFormat(locale, { type: "conjunction" }).formatToParts(items);
      return parts.map(({ type, value }) => (type === "literal" && HAN.test(value) ? ` ${value} ` : value)).join("");
    },
    initial: (name) => {
      const [first] = new Intl.Segmenter(locale).segment(name.trim());
      return (first?.segment ?? "").toLocaleUpperCase(locale);
    },
  };
}

/** In which unit, and with how many digits after the point, an amount is written: three figures at most. */
function scale(count: number): { value: number; factor: number; name: string; digits: number } {
  let power = 0;
  while (power < UNITS.length - 1 && Math.round(count / 1000 ** power) >= 1000) power += 1;
  const factor = 1000 ** power;
  return { value: count / factor, factor, name: UNITS[power] ?? "byte", digits: digitsOf(count, factor) };
}

/** Bytes and kilobytes are whole: nobody waits for their tenths. */
function digitsOf(count: number, factor: number): number {
  return factor >= 1_000_000 && Math.round((count / factor) * 10) < 1000 ? 1 : 0;
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** Han letters stand apart from figures and names, as they do in the catalogue: `3 个`, and so `12 分钟`, which Intl writes without. */
const HAN = /^\p{Script=Han}+$/u;
function apart(text: string): string {
  return text.replace(/(?<=\d)(?=\p{Script=Han})|(?<=\p{Script=Han})(?=\d)/gu, " ");
}

function unbroken(text: string): string {
  return text.replace(/[ \u202f]/g, "\u00a0");
}
