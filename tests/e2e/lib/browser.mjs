// A headless browser whose pages tell of their errors.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How long a condition may take to come true, in ms; reconnecting to a restarted server takes the longest. */
export const PATIENCE = 60_000;

/** What a page must not have written to the console is anything but a lost connection. */
const EXPECTED = /WebSocket connection to|net::ERR_/;

export class Browser {
  #browser;
  /** Errors of all pages so far. */
  errors = [];

  static async start() {
    const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => path && existsSync(path));
    if (!executablePath) throw new Error("there is no Chromium; set CHROMIUM to its path");
    const browser = new Browser();
    browser.#browser = await chromium.launch({ executablePath, args: ARGS });
    return browser;
  }

  /** A profile of its own, as on another person's computer. */
  async profile(options = {}) {
    const context = await this.#browser.newContext({ locale: "zh-CN", viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(PATIENCE);
    context.on("page", (page) => this.#watch(page));
    return context;
  }

  #watch(page) {
    page.on("pageerror", (error) => this.errors.push(error.stack ?? String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !EXPECTED.test(message.text())) this.errors.push(message.text());
    });
  }

  async stop() {
    await this.#browser.close();
  }
}

/** Lets a page upload no more than this many bytes a second; call what it resolves to, and it may again. */
export async function slowUpload(page, bytesPerSecond) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const limit = (uploadThroughput) =>
    session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  await limit(bytesPerSecond);
  return () => limit(-1);
}

/** Asks until `is(value)`; rejects with the last value. The pause between two questions is no measure of anything. */
export async function until(ask, is, what) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const value = await ask();
    if (is(value)) return value;
    if (Date.now() > deadline) throw new Error(`${what}; at last it was ${JSON.stringify(value, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
