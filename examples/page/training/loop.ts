// Makes steps in slices, between which the Worker hears what the page says.

import type { Pace } from "../protocol.js";

/** How long a slice may take, and how often to report, in milliseconds. */
const SLICE = 20;
const REPORT_EVERY = 50;
/** The span over which steps per second are counted. */
const WINDOW = 1000;

export class Loop {
  running = false;
  #pace: Pace = null;
  #timer = 0;
  /** when the pace began, and how many steps have been made since */
  #start = 0;
  #made = 0;
  #total = 0;
  #reported = 0;
  #samples: { time: number; steps: number }[] = [];

  /** `step` may stop the loop; `report` is called a few times a second and after a stop by `step`. */
  constructor(
    readonly step: () => void,
    readonly report: () => void,
  ) {}

  get pace(): Pace {
    return this.#pace;
  }

  set pace(pace: Pace) {
    this.#pace = pace;
    this.#beginPace();
  }

  get stepsPerSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    return first && last && last.time > first.time ? ((last.steps - first.steps) / (last.time - first.time)) * 1000 : 0;
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.#samples = [];
    this.#beginPace();
    this.#sample();
    this.#next();
  }

  stop(): void {
    this.running = false;
    clearTimeout(this.#timer);
    this.#sample();
  }

  #beginPace(): void {
    this.#start = performance.now();
    this.#made = 0;
  }

  #next(): void {
    this.#timer = setTimeout(() => this.#slice(), this.#pace === null ? 0 : SLICE) as unknown as number;
  }

  #slice(): void {
    const begin = performance.now();
    const due = this.#due(begin);
    for (let i = 0; i < due && this.running && performance.now() - begin < SLICE; i++) {
      this.step();
      this.#made += 1;
      this.#total += 1;
    }
    if (this.running) this.#next();
    if (!this.running || performance.now() - this.#reported >= REPORT_EVERY) {
      this.#reported = performance.now();
      this.#sample();
      this.report();
    }
  }

  /** How many steps the pace asks for now. What a slow machine or a sleep has missed is not made up for. */
  #due(now: number): number {
    if (this.#pace === null) return Number.POSITIVE_INFINITY;
    const due = Math.floor(((now - this.#start) / 1000) * this.#pace) - this.#made;
    if (due > this.#pace) this.#beginPace();
    return due;
  }

  #sample(): void {
    const time = performance.now();
    this.#samples = this.#samples.filter((sample) => time - sample.time < WINDOW);
    this.#samples.push({ time, steps: this.#total });
  }
}
