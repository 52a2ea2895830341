/** The parts of the window. Which one is open is all that the window itself knows. */
export const PANELS = ["updates", "history", "settings", "support"] as const;
export type Panel = (typeof PANELS)[number];

export function isPanel(name: string): name is Panel {
  return (PANELS as readonly string[]).includes(name);
}
