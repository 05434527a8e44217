// Ten bars: how sure the network is of each digit.

import { byId, element, setText } from "./dom.js";

const DIGITS = 10;
/** For how long a reading has to last, in milliseconds, to be announced. */
const LASTING = 800;

export class Bars {
  readonly #reading = byId<HTMLElement>("reading");
  readonly #announcement = byId<HTMLElement>("announcement");
  #read = "";
  #timer = 0;
  readonly #rows: { row: HTMLElement; percent: HTMLElement }[] = [];

  constructor() {
    const list = byId<HTMLElement>("bars");
    for (let digit = 0; digit < DIGITS; digit++) {
      const percent = element("span", { class: "percent" });
      const track = element("span", { class: "track" }, element("span", { class: "bar" }));
      const row = element("li", {}, element("span", { class: "digit" }, String(digit)), track, percent);
      list.append(row);
      this.#rows.push({ row, percent });
    }
    this.show(null);
  }

  /** Probabilities from 0 to 1, or no numbers when training has diverged; null when there is nothing to read. */
  show(prediction: readonly number[] | null): void {
    const probabilities = prediction?.every(Number.isFinite) ? prediction : null;
    const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
    for (const [digit, { row, percent }] of this.#rows.entries()) {
      const probability = probabilities?.[digit] ?? 0;
      row.style.setProperty("--part", String(Math.round(probability * 1000) / 1000));
      row.classList.toggle("best", digit === best);
      setText(percent, probabilities ? `${Math.round(probability * 100)} %` : "");
    }
    this.#reading.classList.toggle("unknown", best < 0);
    setText(this.#reading, best < 0 ? "–" : String(best));
    this.#announce(best < 0 ? "" : `It reads ${best}.`);
  }

  /** For screen readers: not each of the readings that follow one another in training. */
  #announce(read: string): void {
    if (read === this.#read) return;
    this.#read = read;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => setText(this.#announcement, read), LASTING);
  }
}
