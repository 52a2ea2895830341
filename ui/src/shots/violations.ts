/** What axe-core finds against WCAG 2.2, level AA, in the page as it stands. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** One line each: the rule, where it is broken, and how. */
export async function violations(): Promise<string[]> {
  const { default: axe } = await import("axe-core");
  const { violations } = await axe.run(document, {
    runOnly: RULES,
    resultTypes: ["violations"],
    rules: { "target-size": { enabled: true } },
  });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary = "" }) => `${id}: ${target.join(" ")}: ${failureSummary.replace(/\s*\n\s*/g, " ")}`),
  );
}
