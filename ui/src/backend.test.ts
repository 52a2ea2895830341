import { clearMocks, mockIPC } from "@tauri-apps/api/mocks";
import { afterEach, expect, it } from "vitest";

import { tauri } from "./backend";
import type { Shown } from "./generated/Shown";
import { shown } from "./test/fixtures";

afterEach(clearMocks);

it("asks by the commands' names and arguments", async () => {
  const asked: unknown[] = [];
  mockIPC((command, args) => {
    asked.push([command, args]);
    return command === "notes" ? [] : undefined;
  });
  await tauri.act("lantern", "roll-back");
  await tauri.checkAll();
  expect(await tauri.notes("lantern")).toEqual([]);
  await tauri.startAtLogin(true);
  await tauri.settings();
  await tauri.set(null, "look", "dark");
  await tauri.set("lantern", "mode", null);
  await tauri.history();
  await tauri.examine("lantern");
  await tauri.pause("week");
  await tauri.pause(null);
  await tauri.pick("lantern", "7.2.0");
  await tauri.diagnostics();
  await tauri.exportDiagnostics();
  await tauri.openLog();
  expect(asked).toEqual([
    ["act", { app: "lantern", act: "roll-back" }],
    ["check_all", {}],
    ["notes", { app: "lantern" }],
    ["start_at_login", { on: true }],
    ["settings", {}],
    ["set", { app: null, key: "look", value: "dark" }],
    ["set", { app: "lantern", key: "mode", value: null }],
    ["history", {}],
    ["examine", { app: "lantern" }],
    ["pause", { span: "week" }],
    ["pause", { span: null }],
    ["pick", { app: "lantern", version: "7.2.0" }],
    ["diagnostics", {}],
    ["export_diagnostics", {}],
    ["open_log", {}],
  ]);
});

it("shows what comes after what it has seen, until nobody answers", async () => {
  const [first, second] = [shown([]), shown([])];
  const answers = [[1, first], [4, second]];
  const asked: unknown[] = [];
  mockIPC((command, args) => {
    asked.push([command, args]);
    return answers.shift() ?? Promise.reject(new Error("gone"));
  });
  const seen: Shown[] = [];
  await expect(tauri.subscribe((next) => seen.push(next))).rejects.toThrow("gone");
  expect(seen).toEqual([first, second]);
  expect(asked).toEqual([0, 1, 4].map((seen) => ["next", { seen }]));
});
