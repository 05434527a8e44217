// What a visitor of the page does and sees, in the tests' words.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Strokes from 0 to 1. */
export const SEVEN = [
  [
    [0.28, 0.2],
    [0.5, 0.19],
    [0.72, 0.2],
    [0.62, 0.42],
    [0.5, 0.65],
    [0.42, 0.86],
  ],
];
export const ONE = [
  [
    [0.42, 0.28],
    [0.54, 0.15],
    [0.54, 0.5],
    [0.54, 0.86],
  ],
];

/** A page that is open in a browser. */
export class Visit {
  constructor(driver) {
    this.driver = driver;
  }

  /** Opens the page and waits until it has begun, or has said that it cannot. */
  async open(url) {
    await this.driver.open(url);
    return this.ready();
  }

  async reload() {
    await this.driver.reload();
    return this.ready();
  }

  async ready() {
    const state = await this.driver.until(() => document.body?.dataset.state);
    if (state === "ready") await this.driver.until(() => /bytes/.test(document.getElementById("kernel").textContent));
    return state;
  }

  kernel() {
    return this.driver.text("#kernel");
  }

  draw(strokes, pointer) {
    return this.driver.draw("#board", strokes, pointer);
  }

  async clear() {
    await this.driver.click("#clear");
    await this.driver.until(() => document.getElementById("reading").textContent === "–");
  }

  /** Waits for the frame that shows what has happened until now. */
  painted() {
    return this.driver.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
    );
  }

  /** What the network sees: 64 numbers from 0 to 16. */
  async pixels() {
    await this.painted();
    return this.driver.evaluate(() =>
      [...document.querySelectorAll("#grid [role=gridcell]")].map((cell) => Number(cell.dataset.value)),
    );
  }

  /** What the page reads on the board, once there is something. */
  reading() {
    return this.driver.until(() => /\d/.exec(document.getElementById("reading").textContent)?.[0]);
  }

  /** The percentages of the ten bars. */
  percentages() {
    return this.driver.evaluate(() =>
      [...document.querySelectorAll(".percent")].map((each) => Number.parseInt(each.textContent, 10)),
    );
  }

  async step() {
    return Number((await this.driver.text("#step")).split("/")[0].replace(",", ""));
  }

  /** The test accuracy in percent. */
  async accuracy() {
    return Number.parseFloat(await this.driver.text("#accuracy"));
  }

  /** Chooses a pace: steps per second, or "" for as fast as possible. */
  pace(value) {
    return this.driver.choose("#pace", value);
  }

  async train() {
    await this.driver.until(() => /Train|Go on/.test(document.getElementById("train").textContent));
    await this.driver.click("#train");
  }

  async pause() {
    await this.driver.click("#train");
    await this.atRest();
  }

  /** Waits until training makes no more steps. */
  atRest() {
    return this.driver.until(() => !document.body.classList.contains("running"));
  }

  running() {
    return this.driver.until(() => document.body.classList.contains("running"));
  }

  reached(step) {
    return this.driver.until(
      (step) => Number.parseInt(document.getElementById("step").textContent.replace(",", ""), 10) >= step,
      step,
    );
  }

  /** From the start to the end of the recorded run. */
  async trainFully() {
    await this.pace("");
    await this.train();
    await this.reached(600);
    await this.atRest();
  }

  async startOver() {
    await this.driver.click("#restart");
    await this.driver.until(() => document.getElementById("step").textContent.startsWith("0 "));
  }

  teach(label) {
    return this.driver.click(`#labels button:nth-child(${label + 1})`);
  }

  /** The bytes of the file that the page offers. */
  async save() {
    await this.driver.evaluate(() => {
      const create = URL.createObjectURL;
      URL.createObjectURL = (blob) => {
        URL.createObjectURL = create;
        window.saved = blob.arrayBuffer().then((bytes) => [...new Uint8Array(bytes)]);
        return create.call(URL, blob);
      };
    });
    await this.driver.click("#save");
    await this.driver.until(() => Boolean(window.saved));
    const bytes = await this.driver.evaluate(async () => {
      const bytes = await window.saved;
      delete window.saved;
      return bytes;
    });
    return Buffer.from(bytes);
  }

  /** Chooses a file with these bytes. */
  async load(folder, name, bytes) {
    await this.dismiss();
    const path = join(folder, name);
    writeFileSync(path, bytes);
    await this.driver.attach("#load", path);
    return this.message();
  }

  /** The latest message, once there is one. */
  message() {
    return this.driver.until(() => document.querySelector(".notice:last-child")?.firstChild.textContent);
  }

  dismiss() {
    return this.driver.evaluate(() => {
      for (const button of document.querySelectorAll(".notice button")) button.click();
    });
  }

  /** The points of a curve of the chart, in pixels, once the frame is drawn that shows the latest. */
  async curve(name) {
    await this.painted();
    const path = await this.driver.evaluate((name) => document.querySelector(`.line.${name}`).getAttribute("d"), name);
    return path
      .slice(1)
      .split(/[ML]/)
      .map((point) => point.split(" ").map(Number));
  }
}
