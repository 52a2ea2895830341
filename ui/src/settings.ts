/** Settings in words: what can be chosen, what is in effect, and who said so. Values are those of the settings file. */
import type { Knob } from "./backend";
import type { Option } from "./components/Select.svelte";
import type { SetBy } from "./generated/SetBy";
import type { Setting } from "./generated/Setting";
import type { Line, Words } from "./words";

export const MODES = ["automatic", "download", "ask", "off"] as const;
/** Below this the charger is waited for, in percent: `LOW_BATTERY` of the engine. */
export const LOW_BATTERY = 30;
/** What quiet hours begin with when they are turned on. */
export const QUIET_HOURS = "22:00-07:00";
/** A value that says that there is none. */
export const NONE = "none";

/** Languages by the name that their people read. As many as there are catalogues. */
export const LANGUAGES = { en: "English", "zh-Hans": "简体中文", fa: "فارسی", ru: "Русский" } as const;

export function find(settings: readonly Setting[], key: Knob): Setting | undefined {
  return settings.find((setting) => setting.key === key);
}

/** A value in words, or as it is written where there are no words for it. */
export type Said = { readonly line: Line } | { readonly latin: string };

const VALUES: Readonly<Partial<Record<string, readonly string[]>>> = {
  mode: MODES,
  metered: ["wait", "small", "allow"],
  battery: ["wait", "ignore"],
  channel: ["stable", "beta"],
  proxy: ["system", "off"],
  language: ["system"],
  look: ["system", "light", "dark"],
};

export function valueOf(key: string, value: string, { format }: Words): Said {
  if (VALUES[key]?.includes(value)) return { line: { id: `${key}-${value}` } };
  if (value === NONE) return { line: { id: "value-none" } };
  if (key === "quiet_hours" || key === "allowed_hours") {
    const hours = hoursOf(value);
    if (hours !== null) return { line: { id: "quiet-hours-span", args: { begin: format.time(clock(hours.begin)), end: format.time(clock(hours.end)) } } };
  }
  if (key === "check_every") {
    const span = spanOf(value);
    if (span !== null) return { line: { id: "check-every", args: { span: format.span(...span) } } };
  }
  return { latin: value };
}

/** What a setting is called; keys that are newer than this window call themselves. */
export function nameOf(key: string, words: Words): Said {
  const id = `setting-${key.replaceAll("_", "-")}`;
  return words.has(id) ? { line: { id } } : { latin: key };
}

export const SET_BY: Readonly<Record<SetBy, string>> = {
  default: "set-by-default",
  enrolment: "set-by-enrolment",
  person: "set-by-person",
  administrator: "set-by-administrator",
};

/** What can be chosen of a setting, and what is in effect if that is something else. */
export function optionsOf(key: Knob, value: string, words: Words): Option[] {
  const languages = key === "language" ? Object.entries(LANGUAGES).map(([value, name]) => ({ value, name, lang: value })) : [];
  const known = key === "check_every" ? ["1h", "4h", "12h", "24h"] : (VALUES[key] ?? []);
  const options: Option[] = [...known.map((value) => option(key, value, words)), ...languages];
  return options.some((option) => option.value === value) ? options : [...options, option(key, value, words)];
}

function option(key: Knob, value: string, words: Words): Option {
  const said = valueOf(key, value, words);
  return "line" in said ? { value, label: said.line } : { value, latin: said.latin };
}

/** `22:00-07:00` as two times that an input takes; `null` if it is none or something else. */
export function hoursOf(value: string): { begin: string; end: string } | null {
  const [, begin, end] = /^\s*(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})\s*$/.exec(value) ?? [];
  return begin === undefined || end === undefined ? null : { begin: begin.padStart(5, "0"), end: end.padStart(5, "0") };
}

/** That time of some day. */
function clock(time: string): number {
  const [hour, minute] = time.split(":").map(Number);
  return new Date(2000, 0, 1, hour, minute).getTime();
}

function spanOf(value: string): [number, "minute" | "hour" | "day"] | null {
  const [, count, unit] = /^(\d+)\s*(m|min|h|d)$/.exec(value) ?? [];
  if (count === undefined) return null;
  return [Number(count), unit === "h" ? "hour" : unit === "d" ? "day" : "minute"];
}
