/** Every language there is a file for: a new one is a new file in `locales/`, nothing else. */
const files = import.meta.glob<string>("../locales/*.ftl", { query: "?raw", import: "default", eager: true });

/** Language → catalogue in Fluent syntax. */
export const catalogues: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(files).map(([path, text]) => [path.replace(/^.*\/|\.ftl$/g, ""), text]),
);
