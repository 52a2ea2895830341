/**
 * What the window asks of the app. The only file that knows Tauri: everything else is given a {@link Backend}, so that
 * tests and the gallery can give another one.
 */
import { invoke } from "@tauri-apps/api/core";

import type { Act } from "./generated/Act";
import type { AppId } from "./generated/AppId";
import type { Block } from "./generated/Block";
import type { Entry } from "./generated/Entry";
import type { Examined } from "./generated/Examined";
import type { Settings } from "./generated/Settings";
import type { Shown } from "./generated/Shown";
import type { Version } from "./generated/Version";

/** What a person can set, by its key in the settings file. */
export type Knob =
  | "mode"
  | "channel"
  | "quiet_hours"
  | "metered"
  | "battery"
  | "pin"
  | "check_every"
  | "proxy"
  | "language"
  | "look";

/** How long everything that happens by itself is paused. */
export type Span = "day" | "week" | "until-resumed";

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
  /** Every setting that is in effect, and who said so. */
  settings(): Promise<Settings>;
  /** Writes a line of the person's settings, of one program or of all; `null` takes it away. Rejects with a Message. */
  set(app: AppId | null, key: Knob, value: string | null): Promise<void>;
  /** What happened here, oldest first. */
  history(): Promise<Entry[]>;
  /** A program and everything that could stop an update of it. Changes nothing and asks no source. */
  examine(app: AppId): Promise<Examined>;
  /** Pauses everything that happens by itself; `null` resumes it. */
  pause(span: Span | null): Promise<void>;
  /** Installs this version, one of those that {@link examine} names. Rejects with a Message. */
  pick(app: AppId, version: Version): Promise<void>;
  /** What somebody who helps wants to know, without what is private. */
  diagnostics(): Promise<string>;
  /** Writes the same to a file, and says where it is. */
  exportDiagnostics(): Promise<string>;
  /** Shows the log in whatever opens such files here. */
  openLog(): Promise<void>;
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
  settings: () => invoke("settings"),
  set: (app, key, value) => invoke("set", { app, key, value }),
  history: () => invoke("history"),
  examine: (app) => invoke("examine", { app }),
  pause: (span) => invoke("pause", { span }),
  pick: (app, version) => invoke("pick", { app, version }),
  diagnostics: () => invoke("diagnostics"),
  exportDiagnostics: () => invoke("export_diagnostics"),
  openLog: () => invoke("open_log"),
};
