// The network in training: its optimizer, its schedule, its lessons and its curves. Knows nothing of Workers and pages.

import { type Engine, SGD } from "sgd-wasm";
import { restoreParameters, type StateDict, saveParameters, type TensorData } from "sgd-wasm/checkpoint";
import { BRIGHTEST, type Digits, inputOf, PIXELS } from "../../digits/data.js";
import { DEFAULTS, LAYERS } from "../../digits/defaults.js";
import { exp } from "../../digits/math.js";
import { countCorrect, createNetwork, forward, type Network } from "../../digits/network.js";
import { trainStep } from "../../digits/train.js";
import type { Accuracies, Lesson, Settings } from "../protocol.js";
import { withLessons } from "./lessons.js";
import { type SavedSchedule, Schedule } from "./schedule.js";

/** How often the test images are classified, in steps. */
const TEST_EVERY = 10;

/** All that training goes on from: plain data, copied from the engine. */
export interface Snapshot {
  model: Record<string, TensorData>;
  optimizer: StateDict;
  schedule: SavedSchedule;
  step: number;
  losses: number[];
  accuracies: Accuracies;
  lessons: Lesson[];
  comparable: boolean;
}

export class Trainer {
  readonly network: Network;
  readonly optimizer: SGD;
  step = 0;
  /** the loss before each step; NaN where it is not known */
  losses: number[] = [];
  accuracies: Accuracies = { steps: [], values: [] };
  lessons: Lesson[] = [];
  /** whether every step until now was one of the recorded run */
  comparable = true;
  readonly #digits: Digits;
  readonly #schedule: Schedule;

  constructor(engine: Engine, digits: Digits) {
    const { lr, momentum, nesterov, weightDecay, dtype, seed } = DEFAULTS;
    this.#digits = digits;
    this.network = createNetwork(engine, LAYERS, dtype, seed);
    this.optimizer = new SGD(this.network.parameters, { lr, momentum, nesterov, weightDecay });
    this.#schedule = new Schedule(this.optimizer);
    this.#test();
  }

  get settings(): Settings {
    const [{ lr, momentum, nesterov, weightDecay }] = this.optimizer.paramGroups;
    return { lr, momentum, nesterov, weightDecay, schedule: this.#schedule.name };
  }

  /** Takes effect with the next step. */
  change({ schedule, ...options }: Partial<Settings>): void {
    for (const group of this.optimizer.paramGroups) Object.assign(group, options);
    if (schedule !== undefined) this.#schedule.choose(schedule);
  }

  /** One step on the next batch. */
  advance(): void {
    this.comparable &&= this.lessons.length === 0 && isDefault(this.settings);
    const batch = withLessons(this.#digits.batch(this.step, DEFAULTS.batchSize), this.lessons, this.step);
    const [{ maximize }] = this.optimizer.paramGroups;
    this.losses[this.step] = trainStep(this.network, this.optimizer, batch, maximize ? -1 : 1);
    this.#schedule.step();
    this.step += 1;
    if (this.step % TEST_EVERY === 0) this.#test();
  }

  /** How many of the test images are classified as what they are, and how many there are. */
  score(): { correct: number; tested: number } {
    const { images, labels } = this.#digits.test;
    return { correct: countCorrect(forward(this.network, images).logits, labels), tested: labels.length };
  }

  /** The probability of each digit for an image: softmax of the network's output. */
  predict(pixels: Uint8Array): number[] {
    const logits = Array.from(forward(this.network, inputOf(pixels, DEFAULTS.dtype)).logits);
    const largest = Math.max(...logits);
    const exponentials = logits.map((logit) => exp(logit - largest));
    const sum = exponentials.reduce((total, value) => total + value, 0);
    return exponentials.map((value) => value / sum);
  }

  /** One of the images that training does not see. */
  example(index: number): Lesson {
    const { images, labels } = this.#digits.test;
    const row = index % labels.length;
    const image = images.subarray(row * PIXELS, (row + 1) * PIXELS);
    return { pixels: Uint8Array.from(image, (value) => value * BRIGHTEST), label: labels[row] };
  }

  snapshot(): Snapshot {
    return {
      model: saveParameters(this.network.parameters) as Record<string, TensorData>,
      optimizer: this.optimizer.stateDict(),
      schedule: this.#schedule.save(),
      step: this.step,
      losses: [...this.losses],
      accuracies: { steps: [...this.accuracies.steps], values: [...this.accuracies.values] },
      lessons: [...this.lessons],
      comparable: this.comparable,
    };
  }

  /** Goes back to a snapshot, or on from a file. On an error everything is as it was. */
  restore(snapshot: Snapshot): void {
    const before = this.snapshot();
    try {
      this.#adopt(snapshot);
    } catch (error) {
      this.#adopt(before);
      throw error;
    }
    if (this.accuracies.steps.at(-1) !== this.step) this.#test();
  }

  #adopt({ model, optimizer, schedule, ...rest }: Snapshot): void {
    restoreParameters(this.network.parameters, model, { optimizer: this.optimizer, state: optimizer });
    this.#schedule.restore(schedule);
    Object.assign(this, structuredClone(rest));
  }

  #test(): void {
    const { correct, tested } = this.score();
    this.accuracies.steps.push(this.step);
    this.accuracies.values.push(correct / tested);
  }
}

function isDefault({ lr, momentum, nesterov, weightDecay, schedule }: Settings): boolean {
  return (
    lr === DEFAULTS.lr &&
    momentum === DEFAULTS.momentum &&
    nesterov === DEFAULTS.nesterov &&
    weightDecay === DEFAULTS.weightDecay &&
    schedule === "constant"
  );
}
