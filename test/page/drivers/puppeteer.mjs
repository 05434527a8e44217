// Chromium and Firefox, driven by puppeteer: what a person does goes through the browser's own input.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { CHROMIUM_FLAGS, FIREFOX_PREFERENCES } from "../../harness/runtimes/browser.mjs";
import { Driver } from "./driver.mjs";

const FIREFOX = "/usr/bin/firefox-esr";
const CHROMIUM = "/usr/bin/chromium";

class PuppeteerDriver extends Driver {
  constructor(browser, page, folder) {
    super();
    Object.assign(this, { browser, page, folder });
    page.on("console", (message) => message.type() === "error" && this.errors.push(message.text()));
    page.on("pageerror", (error) => this.errors.push(String(error)));
  }

  open(url) {
    return this.page.goto(url);
  }

  reload() {
    return this.page.reload();
  }

  evaluate(code, ...args) {
    return this.page.evaluate(code, ...args);
  }

  click(selector) {
    return this.page.click(selector);
  }

  async drag([first, ...others]) {
    const { mouse } = this.page;
    await mouse.move(first.x, first.y);
    await mouse.down();
    for (const { x, y } of others) await mouse.move(x, y, { steps: 3 });
    await mouse.up();
  }

  press(key) {
    return this.page.keyboard.press(key);
  }

  async attach(selector, path) {
    const input = await this.page.$(selector);
    await input.uploadFile(path);
  }

  async close() {
    await this.browser.close();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

async function launch(name, options) {
  const folder = mkdtempSync(join(tmpdir(), `sgd-wasm-${name}-`));
  const browser = await puppeteer.launch({ headless: true, userDataDir: folder, ...options(folder) });
  const [page] = await browser.pages();
  await page.setViewport({ width: 1280, height: 1000 });
  return new PuppeteerDriver(browser, page, folder);
}

export const chromium = {
  name: "chromium",
  title: "Chromium",
  get: "apt-get install chromium",
  present: () => existsSync(CHROMIUM),
  threads: true,
  launch: () => launch("chromium", () => ({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS.split(" ") })),
};

export const firefox = {
  name: "firefox",
  title: "Firefox",
  get: "apt-get install firefox-esr",
  present: () => existsSync(FIREFOX),
  threads: true,
  launch: (preferences = {}) =>
    launch("firefox", () => ({
      browser: "firefox",
      executablePath: FIREFOX,
      env: { ...process.env, MOZ_DISABLE_CONTENT_SANDBOX: "1" },
      extraPrefsFirefox: { ...FIREFOX_PREFERENCES, ...preferences },
    })),
  /** With all data of pages blocked, as its settings allow. */
  launchBlocked: () => firefox.launch({ "network.cookie.cookieBehavior": 2 }),
};
