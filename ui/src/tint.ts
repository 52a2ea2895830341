/** A picture for a program that needs nothing from it: one of a few colours by its id, and its first letter. */

/** As many as there are `.tint-…` rules in `styles/app.css`. */
export const TINTS = 8;

/** The same id has the same colour always and everywhere (FNV-1a, 32 bits). */
export function tint(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % TINTS;
}
