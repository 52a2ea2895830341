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

it("shows what comes through the channel, in order", async () => {
  let id = "";
  mockIPC((command, args) => {
    expect(command).toBe("subscribe");
    // A channel goes over as its number.
    id = String(JSON.stringify((args as { channel: unknown }).channel)).replace(/\D/g, "");
  });
  const seen: Shown[] = [];
  await tauri.subscribe((next) => seen.push(next));
  const run = (window as unknown as { __TAURI_INTERNALS__: { runCallback(id: number, data: unknown): void } }).__TAURI_INTERNALS__;
  const [first, second] = [shown([]), shown([])];
  run.runCallback(Number(id), { index: 1, message: second });
  expect(seen).toEqual([]);
  run.runCallback(Number(id), { index: 0, message: first });
  expect(seen).toEqual([first, second]);
});
