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

  async drag(points, pointer) {
    if (pointer === "touch") return this.dragFinger(points);
    if (pointer === "pen") return this.dragPen(points);
    const [first, ...others] = points;
    const { mouse } = this.page;
    await mouse.move(first.x, first.y);
    await mouse.down();
    for (const { x, y } of others) await mouse.move(x, y);
    await mouse.up();
  }

  async dragFinger([first, ...others]) {
    const finger = await this.page.touchscreen.touchStart(first.x, first.y);
    for (const { x, y } of others) await finger.move(x, y);
    await finger.end();
  }

  /** By Chromium's own protocol: puppeteer has no pens. */
  async dragPen([first, ...others]) {
    const session = await this.page.createCDPSession();
    const send = (type, { x, y }) =>
      session.send("Input.dispatchMouseEvent", {
        type,
        x,
        y,
        button: "left",
        buttons: 1,
        clickCount: 1,
        pointerType: "pen",
      });
    await send("mousePressed", first);
    for (const point of others) await send("mouseMoved", point);
    await send("mouseReleased", others.at(-1) ?? first);
    await session.detach();
  }

  /** Another tab of the same browser. */
  async another() {
    return new PuppeteerDriver(this.browser, await this.browser.newPage(), this.folder);
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
  pointers: ["mouse", "touch", "pen"],
  /** the tests open a second tab */
  tabs: true,
  launch: () => launch("chromium", () => ({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS.split(" ") })),
};

export const firefox = {
  name: "firefox",
  title: "Firefox",
  get: "apt-get install firefox-esr",
  present: () => existsSync(FIREFOX),
  threads: true,
  pointers: ["mouse", "touch"],
  tabs: true,
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
