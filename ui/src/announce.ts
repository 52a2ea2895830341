/** What is said aloud to people who do not see the window: what has changed from one picture to the next, and no more. */
import type { AppView } from "./generated/AppView";
import type { Shown } from "./generated/Shown";
import { arrange } from "./order";
import { paused } from "./paused";
import { isMoving, milestone, percent } from "./progress";
import type { Words } from "./words";

/** The first picture is read by the person, so nothing is said of it. */
export function announce(before: Shown | null, after: Shown, words: Words, now: number): string[] {
  if (before === null) return [];
  const known = new Map(entries(before).map((entry) => [entry.app.id, entry]));
  const [was, is] = [before.view.paused, after.view.paused];
  const pause = is && (!was || is.until !== was.until) ? [words.message(paused(is, words.format, now))] : [];
  const resumed = was && !is ? [words.message("announce-resumed")] : [];
  const news = entries(after).flatMap(({ app, face }) => {
    const old = known.get(app.id);
    const now = words.message(face.words);
    const said: string[] = [];
    if (old !== undefined && words.message(old.face.words) !== now)
      said.push(words.message("announce-state", { name: app.name, words: now }));
    const reached = passed(app);
    if (old !== undefined && reached !== null && reached !== passed(old.app))
      said.push(words.message("announce-progress", { name: app.name, percent: words.format.percent(reached) }));
    return said;
  });
  return [...pause, ...resumed, ...news];
}

function entries(shown: Shown) {
  const { cards, folded } = arrange(shown);
  return [...cards, ...folded];
}

function passed({ state }: AppView): number | null {
  if (!isMoving(state)) return null;
  return state.state === "verifying" ? 100 : milestone(percent(state.progress));
}
