/** Which card stands where. What wants to be seen most comes first; what has no news is one line on a shared surface. */
import type { AppState } from "./generated/AppState";
import type { AppView } from "./generated/AppView";
import type { Face } from "./generated/Face";
import type { Glyph } from "./generated/Glyph";
import type { Shown } from "./generated/Shown";

export interface Entry {
  readonly app: AppView;
  readonly face: Face;
}

/** Nothing that a person has to know: a card of one line. */
export function isFolded(state: AppState["state"]): boolean {
  switch (state) {
    case "idle":
    case "checking":
    case "up-to-date":
      return true;
    case "nothing-newer":
    case "cannot-verify":
    case "not-offered":
    case "available":
    case "deferred":
    case "downloading":
    case "verifying":
    case "falling-back":
    case "ready":
    case "waiting-for-close":
    case "restarting":
    case "probation":
    case "updated":
    case "rolling-back":
    case "rolled-back":
    case "failed":
    case "disabled":
      return false;
  }
}

/** Critical, needs a person, ready, working, available, news, held. */
const RANK: Readonly<Record<Glyph, number>> = {
  critical: 0,
  attention: 1,
  back: 1,
  ready: 2,
  working: 3,
  available: 4,
  check: 5,
  held: 6,
  stop: 6,
  clock: 6,
  normal: 7,
};

/** Cards of their own, and those of one line. Within a rank the order of the View stays. */
export function arrange(shown: Shown): { cards: Entry[]; folded: Entry[] } {
  const entries = shown.view.apps.flatMap((app) => {
    const face = shown.faces[app.id];
    return face === undefined ? [] : [{ app, face }];
  });
  const cards = entries.filter((entry) => !isFolded(entry.app.state.state));
  cards.sort((a, b) => RANK[a.face.glyph] - RANK[b.face.glyph]);
  return { cards, folded: entries.filter((entry) => isFolded(entry.app.state.state)) };
}

/** Whether the engine is busy with this program, so that another check would have to wait. */
export function isRunning(state: AppState["state"]): boolean {
  switch (state) {
    case "checking":
    case "downloading":
    case "verifying":
    case "falling-back":
    case "waiting-for-close":
    case "restarting":
    case "probation":
    case "rolling-back":
      return true;
    case "idle":
    case "up-to-date":
    case "nothing-newer":
    case "cannot-verify":
    case "not-offered":
    case "available":
    case "deferred":
    case "ready":
    case "updated":
    case "rolled-back":
    case "failed":
    case "disabled":
      return false;
  }
}
