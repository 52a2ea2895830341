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
  expect(asked).toEqual([
    ["act", { app: "lantern", act: "roll-back" }],
    ["check_all", {}],
    ["notes", { app: "lantern" }],
    ["start_at_login", { on: true }],
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
