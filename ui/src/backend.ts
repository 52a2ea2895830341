/**
 * What the window asks of the app. The only file that knows Tauri: everything else is given a {@link Backend}, so that
 * tests and the gallery can give another one.
 */
import { invoke } from "@tauri-apps/api/core";

import type { Act } from "./generated/Act";
import type { AppId } from "./generated/AppId";
import type { Block } from "./generated/Block";
import type { Shown } from "./generated/Shown";

export interface Backend {
  /** Gives what is shown now and everything later, in order. Rejects if the app cannot be reached. */
  subscribe(show: (shown: Shown) => void): Promise<void>;
  /** Resolves when the wish was accepted; what comes of it is shown. Rejects with a Message. */
  act(app: AppId, act: Act): Promise<void>;
  /** Looks for updates of all programs. */
  checkAll(): Promise<void>;
  /** Release notes of the version that is offered; empty if there are none. */
  notes(app: AppId): Promise<Block[]>;
  /** Whether the app starts when the person logs in. */
  startAtLogin(on: boolean): Promise<void>;
}

export const tauri: Backend = {
  subscribe: async (show) => {
    for (let seen = 0; ; ) {
      // Answered as soon as there is something else to show.
      const [number, shown] = await invoke<[number, Shown]>("next", { seen });
      seen = number;
      show(shown);
    }
  },
  act: (app, act) => invoke("act", { app, act }),
  checkAll: () => invoke("check_all"),
  notes: (app) => invoke("notes", { app }),
  startAtLogin: (on) => invoke("start_at_login", { on }),
};
