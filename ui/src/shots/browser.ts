/**
 * Chromium without a screen, told what to do through its DevTools protocol.
 *
 * Over a pipe, because that needs nothing else: no driver beside the browser, no port, no package. One browser serves a
 * whole run; it ends with the pipe, so it cannot outlive the tests.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

const FLAGS = [
  "--headless=new",
  "--remote-debugging-pipe",
  // The pages are our own, and where CI runs as root a sandbox cannot start.
  "--no-sandbox",
  // Containers have little of it.
  "--disable-dev-shm-usage",
  "--disable-gpu",
  "--disable-background-networking",
  // A page on the disk is several files.
  "--allow-file-access-from-files",
];

/** How much is kept of what it says about itself, in letters. */
const LAST_WORDS = 2000;

interface Waiting {
  readonly good: (result: unknown) => void;
  readonly bad: (reason: Error) => void;
}

interface Answer {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export class Browser {
  private readonly waiting = new Map<number, Waiting>();
  private readonly pages = new Map<string, Page>();
  private count = 0;

  private constructor(
    private readonly process: ChildProcess,
    profile: string,
  ) {
    const from = process.stdio[4] as Readable;
    let rest = "";
    from.setEncoding("utf8").on("data", (text: string) => {
      const whole = (rest + text).split("\0");
      rest = whole.pop() ?? "";
      for (const answer of whole) this.hear(JSON.parse(answer) as Answer);
    });
    let said = "";
    process.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-LAST_WORDS)));
    const gone = (reason: Error) => {
      for (const { bad } of this.waiting.values()) bad(reason);
      this.waiting.clear();
    };
    process.once("error", gone).once("exit", () => {
      gone(new Error(`Chromium has ended: ${said}`));
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    });
    // Nobody reads there any more: what ended the process says more.
    process.stdio[3]?.on("error", () => {});
  }

  static async start(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "gallery-"));
    const process = spawn("chromium", [...FLAGS, `--user-data-dir=${profile}`], {
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
      // Times are drawn as in this zone, wherever it runs.
      env: { ...globalThis.process.env, TZ: "UTC" },
    });
    const browser = new Browser(process, profile);
    await browser.send("Browser.getVersion");
    return browser;
  }

  async page(): Promise<Page> {
    const { targetId } = await this.send<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send<{ sessionId: string }>("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page((method, params) => this.send(method, params, sessionId));
    this.pages.set(sessionId, page);
    await page.begin();
    return page;
  }

  async stop(): Promise<void> {
    const ended = new Promise((end) => this.process.once("exit", end));
    await this.send("Browser.close").catch(() => this.process.kill("SIGKILL"));
    await ended;
  }

  private send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = (this.count += 1);
    return new Promise<T>((good, bad) => {
      this.waiting.set(id, { good: good as Waiting["good"], bad });
      (this.process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  private hear({ id, sessionId, method, params, result, error }: Answer) {
    if (id === undefined) {
      if (sessionId !== undefined && method !== undefined) this.pages.get(sessionId)?.hear(method, params ?? {});
      return;
    }
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) waiting?.good(result);
    else waiting?.bad(new Error(error.message));
  }
}

interface Evaluated<T> {
  readonly result: { readonly value: T };
  readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } };
}

/** One page of it. */
export class Page {
  private loaded: () => void = () => {};
  /** What it complained about, until somebody forgets it. */
  complaints: string[] = [];

  constructor(private readonly send: <T>(method: string, params?: object) => Promise<T>) {}

  async begin(): Promise<void> {
    await this.send("Page.enable");
    await this.send("Runtime.enable");
    // Nothing moves in a picture, and what fades in is there at once.
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-reduced-motion", value: "reduce" }] });
    // Without it, only the page in front has the keyboard's focus.
    await this.send("Emulation.setFocusEmulationEnabled", { enabled: true });
  }

  hear(method: string, params: Record<string, unknown>) {
    if (method === "Page.loadEventFired") this.loaded();
    if (method === "Runtime.exceptionThrown") this.complaints.push(JSON.stringify(params["exceptionDetails"]));
    if (method === "Runtime.consoleAPICalled" && ["error", "warning"].includes(String(params["type"])))
      this.complaints.push(JSON.stringify(params["args"]));
  }

  /** Opens a page; resolves when all of it has been read and its scripts have begun. */
  async open(url: string): Promise<void> {
    const loaded = new Promise<void>((done) => (this.loaded = done));
    const { errorText } = await this.send<{ errorText?: string }>("Page.navigate", { url });
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }

  /** The value of an expression there, waited for if it is a promise. */
  async ask<T>(expression: string): Promise<T> {
    const done = await this.send<Evaluated<T>>("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (done.exceptionDetails !== undefined)
      throw new Error(done.exceptionDetails.exception?.description ?? done.exceptionDetails.text);
    return done.result.value;
  }

  async size(width: number, height: number): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  }

  /** Presses a key and lets it go. */
  async press(key: string, code: number): Promise<void> {
    const event = { key, code: key, windowsVirtualKeyCode: code };
    await this.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  /** What a screen would show of the page as a PNG, or a part of all of it: then without the bars of what scrolls. */
  async picture(part?: Part): Promise<Buffer> {
    const how = part === undefined ? {} : { clip: part, captureBeyondViewport: true };
    const { data } = await this.send<{ data: string }>("Page.captureScreenshot", how);
    return Buffer.from(data, "base64");
  }
}

interface Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly scale: number;
}
