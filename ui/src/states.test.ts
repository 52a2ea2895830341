/** Every state as a person meets it: words, buttons, and what the buttons ask for. */
import { fireEvent, within } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import { split } from "./acts";
import type { Entry } from "./order";
import { desk, flat, settle, spaced, words } from "./test/desk";
import { shown } from "./test/fixtures";
import { ALL } from "./test/states";

const never = (text: string) => ({ text });

/** What is read below the state's line, and what must not be there. In the order of the fixtures. */
const SAYS: Readonly<Record<string, readonly (string | { text: string })[]>> = {
  idle: [],
  "checking-by-timer": [],
  "checking-by-person": [],
  "up-to-date": [],
  "nothing-newer": ["No newer version was offered", "cannot prove that what is installed is the newest", never("Up to date")],
  "cannot-verify": ["The publisher's word about the newest version has run out", "This could be told last: Sun", "E-META-EXPIRED"],
  "cannot-verify-never-before": ["What the publisher offers is not in order.", "E-META-NEW-CODE", never("told last")],
  "nothing-for-platform": ["no release for this kind of computer"],
  "os-too-old": ["It needs Debian 13 or newer; this is Debian 12."],
  "os-unknown": ["It needs Debian 13 or newer, and the version of this system is not known."],
  "os-pinned": ["its publisher offers 7.1.0 and nothing newer"],
  "not-yet": ["It has reached 20% of all computers"],
  halted: ["Its publisher stopped it for now."],
  recalled: ["Its publisher took it back.", "Go back to 7.0.0"],
  "control-unverified": ["nobody gets it", never("rollout expired")],
  "known-bad": ["did not run well, so it is not tried again"],
  "below-floor": ["Version 7.3.0 ran well here before"],
  undone: ["You went back from it"],
  skipped: ["You skipped it."],
  "on-hold": ["It stays as it is until you let it be offered again."],
  "pinned-by-person": ["You keep it at 7.1.0"],
  "pinned-by-administrator": ["Your administrator keeps it at 7.1.0."],
  "too-young": ["Your administrator lets others run it first. It comes here later: Fri 9:00 AM."],
  "turned-off": ["Your administrator turned updates off."],
  available: ["Downloads 142 MB at most", "Lantern keeps running meanwhile."],
  "available-critical": ["This update is important.", "Downloads 142 MB at most"],
  "available-stopped": ["Download of 7.2.0 stopped", "are kept, and it goes on from there"],
  "available-unmeasured": ["Nobody signed how large it is", "Lantern keeps running meanwhile.", never("Downloads")],
  "available-unknown": ["version unknown", "Nobody knows which version of Lantern is installed", "replaced with 7.2.0 if you agree"],
  "deferred-paused": ["You paused updates. It comes when you resume them.", "It can be installed now all the same."],
  "deferred-paused-until": ["You paused updates until Fri 2:00 PM."],
  "deferred-quiet-hours": ["It is your quiet time, and nothing happens by itself until Wed 7:00 AM."],
  "deferred-outside-hours": ["Your administrator allows updates at other hours: it goes on at 8:00 PM."],
  "deferred-busy": ["Lantern said that it is busy, until 7:00 PM at the latest."],
  "deferred-metered": ["paid by volume, and the download is larger than 21.0 MB"],
  "deferred-metered-wait": ["paid by volume. The download waits for another one."],
  "deferred-battery": ["The battery is at 17%. It waits for the charger."],
  "deferred-critical": ["This update is important.", "The battery is at 17%."],
  downloading: ["Downloading", "62%", "11.4 of 18.4 MB", "1.2 MB/s", "Only the difference to 7.1.0 is downloaded: 18.4 MB instead of 142 MB."],
  "downloading-starts": ["Looking for the smallest download", never("%"), never("instead of")],
  "downloading-full": ["11.4 of 142 MB", never("instead of")],
  verifying: ["Checking the download", "100%", "a moment left", "Every byte is compared with what the publisher signed."],
  "falling-back": ["Downloading all of it", "18%", "was not what the publisher signed, so it was thrown away.", "All of 7.2.0 is downloaded instead."],
  "falling-back-network": ["broke off on its way", "All of 7.2.0 is downloaded instead."],
  "falling-back-base": ["starts from other bytes"],
  "falling-back-memory": ["needs more memory", "Another difference to 7.2.0 is downloaded instead."],
  "falling-back-not-made": ["did not make the small download in time", never("instead.")],
  "falling-back-format": ["The small download did not work here."],
  "falling-back-from-packed": ["The first way to get it did not work."],
  ready: ["Lantern closes, is updated and opens again where it was."],
  "ready-critical": ["This update is important.", "Lantern closes, is updated and opens again where it was."],
  "ready-at-quit": ["It goes in by itself as soon as Lantern is closed.", never("closes, is updated")],
  "ready-tonight": ["It goes in by itself: Wed 3:00 AM. Lantern closes, is updated"],
  "ready-counting": ["Lantern closes in 60 sec and opens again where it was.", never("closes, is updated")],
  "waiting-for-close": ["lantern and lantern-helper are still open. Close them", "what is still open at 6:35 PM stays open, and the update stays ready"],
  restarting: [],
  probation: ["If 7.2.0 does not run well until 6:33 PM, 7.1.0 comes back by itself."],
  updated: ["Fetched 471 kB instead of 10.8 MB.", "7.1.0 is kept, so you can go back to it."],
  "updated-in-full": ["Fetched 10.9 MB.", "A smaller download was tried first and did not work.", never("Go back")],
  repaired: ["Version 7.2.0 is in order again", "Fetched 10.9 MB.", never("Go back")],
  "updated-with-old-copies": ["Fetched 471 kB", "2 copies that are still open run the previous version until they are closed."],
  "updated-from-the-stage": ["Nothing had to be fetched for this"],
  "rolling-back": ["The new version did not answer in time.", "E-RUN-HANGS", never("was put back")],
  "rolled-back": ["Version 7.2.0 ended too early.", "The previous version was put back, byte for byte.", "is not offered here again by itself", "E-RUN-ENDED"],
  "rolled-back-unknown": ["The new version did not run well.", "E-NEW-CODE"],
  "rolled-back-by-person": ["You asked for the previous version.", "is not offered here again by itself"],
  "rolled-back-unproven": ["could not be seen to the end", "The previous version was put back", never("not offered here again")],
  "rolled-back-recalled": ["Its publisher took version 7.2.0 back.", never("not offered here again")],
  failed: ["There is not enough free space on the disk. Make some room, then try again.", "Lantern is as it was.", "E-DISK-FULL"],
  "failed-check": ["The name of the update server was not found.", "E-NET-DNS", never("as it was")],
  "failed-to-close": ["Lantern did not close in time, and nothing is closed by force.", never("as it was")],
  "disabled-by-machine": ["Your administrator turned off looking by itself."],
  "disabled-by-user": ["You turned off looking by itself for Lantern."],
  "disabled-by-program": ["Lantern turned off looking by itself."],
};

const PRIMARY: Readonly<Record<string, string>> = {
  resume: "Resume",
  install: "Install",
  replace: "Replace and install",
  restart: "Restart to update",
  retry: "Try again",
};

it("every fixture is told", () => {
  expect(Object.keys(SAYS)).toEqual(Object.keys(ALL));
});

describe.each(Object.entries(ALL))("%s", (name, entry: Entry) => {
  const { app, face } = entry;
  const folded = ["idle", "checking", "up-to-date"].includes(app.state.state);

  it("shows name, version, state and reason", async () => {
    const { root } = await desk(shown([entry]));
    const card = root.querySelector(`[data-app="${app.id}"]`) as HTMLElement;
    expect(card.dataset["state"]).toBe(app.state.state);
    expect(within(card).getByRole("heading", { name: "Lantern" })).toBeTruthy();
    const text = flat(card);
    for (const expected of [app.installed?.version ?? "version unknown", spaced(words.message(face.words))])
      expect(text).toContain(expected);
    for (const expected of SAYS[name] ?? []) {
      if (typeof expected === "string") expect(text).toContain(expected);
      else expect(text).not.toContain(expected.text);
    }
    expect(card.closest(".group") !== null).toBe(folded);
    expect(card.querySelector(".body") === null).toBe(folded || name === "restarting");
    expect(card.querySelector(".state")?.classList.contains(face.tone)).toBe(true);
  });

  it("has the acts of its face in their order, the rare ones in its menu, and each button asks for its act", async () => {
    const { root, backend } = await desk(shown([entry]));
    const { primary: forward, beside, menu } = split(face.acts);
    const said = [...(forward ? [forward] : []), ...beside];
    for (const act of [...said, ...menu]) {
      if (menu.includes(act)) await fireEvent.click(root.querySelector("[data-more]") as Element);
      else expect([...root.querySelectorAll<HTMLElement>("[data-app] [data-act]")].map(({ dataset }) => dataset["act"])).toEqual(said);
      await settle();
      await fireEvent.click(root.querySelector(`[data-app] [data-act=${act}]`) as Element);
      await settle();
    }
    expect(backend.act.mock.calls).toEqual([...said, ...menu].map((act) => [app.id, act]));
    expect([...said, ...menu].sort()).toEqual([...face.acts].sort());
    const primary = [...root.querySelectorAll(".primary")].map(flat);
    const first = PRIMARY[face.acts[0] ?? ""];
    expect(primary).toEqual(first === undefined ? [] : [first]);
  });

  it("keeps versions, codes and paths left to right", async () => {
    const { root } = await desk(shown([entry]));
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const outside: string[] = [];
    while (texts.nextNode()) {
      const { data, parentElement } = texts.currentNode as Text;
      if (/\d+\.\d+\.\d+|E-[A-Z]+-/.test(data) && !parentElement?.closest('bdi[dir="ltr"]')) outside.push(data);
    }
    expect(outside).toEqual([]);
  });
});
