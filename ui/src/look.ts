/** Light, dark, or as the system is: what the stylesheets look at. */
export function wear(look: string | undefined): void {
  const { dataset } = document.documentElement;
  if (look === "light" || look === "dark") dataset["theme"] = look;
  else delete dataset["theme"];
}
