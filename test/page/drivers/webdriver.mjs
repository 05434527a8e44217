// WebKitGTK's MiniBrowser, driven by WebKitWebDriver: the W3C's WebDriver protocol over HTTP.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MINI_BROWSER, startScreen } from "../../harness/runtimes/browser.mjs";
import { start } from "../../harness/runtimes/process.mjs";
import { Driver } from "./driver.mjs";

const WEBDRIVER = "/usr/bin/WebKitWebDriver";
/** The protocol's name for a reference to an element, and its codes of keys. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const KEYS = {
  ArrowUp: "\uE013",
  ArrowDown: "\uE015",
  ArrowLeft: "\uE012",
  ArrowRight: "\uE014",
  Tab: "\uE004",
  Home: "\uE011",
};

class WebDriver extends Driver {
  constructor(session, stop) {
    super();
    Object.assign(this, { session, stop });
  }

  open(url) {
    return this.session("POST", "/url", { url });
  }

  reload() {
    return this.session("POST", "/refresh", {});
  }

  evaluate(code, ...args) {
    const script = `const done = arguments[arguments.length - 1];
      Promise.resolve((${code})(...Array.from(arguments).slice(0, -1))).then(done, (error) => done(String(error)));`;
    return this.session("POST", "/execute/async", { script, args });
  }

  async click(selector) {
    await this.session("POST", `/element/${await this.find(selector)}/click`, {});
  }

  async drag([first, ...others]) {
    const move = ({ x, y }, duration) => ({ type: "pointerMove", duration, x, y, origin: "viewport" });
    const button = (type) => ({ type, button: 0 });
    const actions = [
      move(first, 0),
      button("pointerDown"),
      ...others.map((point) => move(point, 20)),
      button("pointerUp"),
    ];
    await this.act({ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions });
  }

  press(key) {
    const value = KEYS[key] ?? key;
    return this.act({
      type: "key",
      id: "keyboard",
      actions: [
        { type: "keyDown", value },
        { type: "keyUp", value },
      ],
    });
  }

  act(...actions) {
    return this.session("POST", "/actions", { actions });
  }

  async attach(selector, path) {
    await this.session("POST", `/element/${await this.find(selector)}/value`, { text: path });
  }

  async find(selector) {
    return (await this.session("POST", "/element", { using: "css selector", value: selector }))[ELEMENT];
  }

  async close() {
    await this.session("DELETE", "").catch(() => {});
    this.stop();
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function launch() {
  const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-webkit-"));
  const { screen, env } = await startScreen(folder);
  const port = await freePort();
  const driver = start(WEBDRIVER, [`--port=${port}`, "--host=127.0.0.1"], { env });
  const stop = () => {
    driver.stop();
    screen.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  const request = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  };
  try {
    while (!(await request("GET", "/status").catch(() => null)))
      await new Promise((resolve) => setTimeout(resolve, 50));
    const options = { binary: MINI_BROWSER, args: ["--automation"] };
    const { sessionId } = await request("POST", "/session", {
      capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } },
    });
    const session = (method, path, body) => request(method, `/session/${sessionId}${path}`, body);
    await session("POST", "/window/rect", { x: 0, y: 0, width: 1280, height: 1000 });
    return new WebDriver(session, stop);
  } catch (error) {
    stop();
    throw error;
  }
}

export const webkit = {
  name: "webkit",
  title: "WebKitGTK",
  get: "apt-get install webkit2gtk-driver xvfb",
  present: () => existsSync(WEBDRIVER) && existsSync(MINI_BROWSER),
  threads: false,
  launch,
};
