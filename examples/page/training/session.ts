// Carries out what the page says, and reports.

import type { Engine } from "sgd-wasm";
import { DEFAULTS } from "../../digits/defaults.js";
import { hashOf } from "../../digits/hash.js";
import {
  type Command,
  type Handlers,
  handle,
  type Lesson,
  type Report,
  type Settings,
  type Verdict,
} from "../protocol.js";
import { fromFile, toFile } from "./checkpoint.js";
import { History } from "./history.js";
import { Loop } from "./loop.js";
import { measure } from "./measure.js";
import { type Kept, type Store, VERSION } from "./store.js";
import type { Snapshot, Trainer } from "./trainer.js";

/** What the same run gave elsewhere. */
export interface Expected {
  hash: string;
  node: string;
  /** of the test images that PyTorch had right */
  correct: number;
}

const DIVERGED =
  "The loss is no longer a number, so training has stopped: the steps were too large. Choose a lower learning rate and start over.";

/** Steps after a lesson. */
const LESSON_STEPS = 40;
const KEEP_EVERY = 1000;
/** Slow enough to watch. */
const FIRST_PACE = 100;

export class Session {
  readonly #loop = new Loop(
    () => this.#step(),
    () => this.#stepped(),
  );
  readonly #commands: Handlers<Command> = {
    train: () => this.#train(),
    pause: () => this.#pause(),
    pace: ({ pace }) => {
      this.#loop.pace = pace;
      this.#changed();
    },
    settings: ({ settings }) => {
      this.trainer.change(settings);
      this.#changed();
    },
    draw: ({ pixels }) => {
      this.#drawing = pixels;
      this.report();
    },
    teach: ({ lesson }) => this.#teach(lesson),
    undo: () => this.#undo(),
    restart: () => this.#restart(),
    example: () => this.send({ type: "example", ...this.trainer.example(this.#examples++) }),
    save: () => this.send({ type: "file", bytes: toFile(this.trainer.snapshot()) }),
    load: ({ name, bytes }) => this.#load(name, bytes),
    keep: () => void this.#keep(),
  };
  readonly #history = new History();
  readonly #initial: Snapshot;
  /** null where nothing can be kept */
  #store: Store | null;
  #run = { from: 0, target: DEFAULTS.steps as number };
  #drawing: Uint8Array | null = null;
  #verdict: Verdict | null = null;
  #examples = 0;
  /** how many entries of the curves the page has */
  #sent = { losses: 0, accuracies: 0 };
  #kept = 0;

  constructor(
    readonly engine: Engine,
    readonly trainer: Trainer,
    store: Store | null,
    readonly expected: Expected,
    readonly send: (report: Report) => void,
  ) {
    this.#store = store;
    this.#initial = trainer.snapshot();
    this.#loop.pace = FIRST_PACE;
  }

  get drawing(): Uint8Array | null {
    return this.#drawing;
  }

  /** Goes on where the page was left. */
  resume({ snapshot, changes, run, pace, drawing }: Kept): void {
    this.trainer.restore(snapshot);
    this.#history.changes = changes;
    this.#run = { from: run.from, target: run.target };
    this.#drawing = drawing;
    this.#loop.pace = pace;
    if (run.running) this.#loop.start();
  }

  receive(command: Command): void {
    handle(this.#commands, command);
  }

  report(): void {
    const { step, settings, losses, accuracies, lessons } = this.trainer;
    const since = this.#sent;
    this.#sent = { losses: losses.length, accuracies: accuracies.steps.length };
    this.send({
      type: "progress",
      progress: {
        step,
        ...this.#run,
        running: this.#loop.running,
        pace: this.#loop.pace,
        stepsPerSecond: this.#loop.stepsPerSecond,
        settings,
        losses: { since: since.losses, values: losses.slice(since.losses) },
        accuracies: {
          since: since.accuracies,
          steps: accuracies.steps.slice(since.accuracies),
          values: accuracies.values.slice(since.accuracies),
        },
        prediction: this.#drawing && this.trainer.predict(this.#drawing),
        lessons: lessons.length,
        undo: this.#history.next,
        verdict: this.#verdict,
      },
    });
  }

  /** Measures the kernel, and compares what was trained: when training rests. */
  async rest(): Promise<void> {
    this.send({ type: "kernel", kernel: measure(this.engine, this.trainer.settings) });
    const { step, comparable, network } = this.trainer;
    if (step !== DEFAULTS.steps || !comparable || this.#verdict) return;
    const { correct, tested } = this.trainer.score();
    // Without https or localhost, browsers have no hash.
    const hash = globalThis.isSecureContext ? await hashOf(network.parameters) : "";
    if (this.trainer.step !== step) return;
    const { hash: expected, node, correct: recorded } = this.expected;
    this.#verdict = { hash, expected, node, correct, recorded, tested };
    this.report();
  }

  #train(): void {
    if (this.trainer.step >= this.#run.target) this.#run = runFrom(this.trainer.step);
    this.#loop.start();
    this.#changed();
  }

  #pause(): void {
    this.#loop.stop();
    this.#changed();
    void this.rest();
  }

  #step(): void {
    this.trainer.advance();
    this.#verdict = null;
    const finite = Number.isFinite(this.trainer.losses.at(-1));
    if (!finite) this.send({ type: "error", text: DIVERGED });
    if (!finite || this.trainer.step >= this.#run.target) this.#loop.stop();
  }

  #stepped(): void {
    this.report();
    if (!this.#loop.running || performance.now() - this.#kept > KEEP_EVERY) void this.#keep();
    if (!this.#loop.running) void this.rest();
  }

  #teach(lesson: Lesson): void {
    this.#history.add({ what: `the lesson “this is a ${lesson.label}”`, before: this.trainer.snapshot() });
    this.trainer.lessons.push(lesson);
    const { step } = this.trainer;
    if (!this.#loop.running) this.#run = { from: step, target: step + LESSON_STEPS };
    this.#loop.start();
    this.#changed();
  }

  #undo(): void {
    const change = this.#history.takeBack();
    if (change) this.#goTo(change.before);
  }

  #restart(): void {
    this.#history.add({ what: "starting over", before: this.trainer.snapshot() });
    const { settings, optimizer } = this.trainer;
    const lr = (optimizer.paramGroups[0].initialLr ?? settings.lr) as number;
    this.#goTo(this.#initial, { ...settings, lr });
  }

  #load(name: string, bytes: Uint8Array): void {
    const before = this.trainer.snapshot();
    try {
      this.#goTo(fromFile(bytes, before));
    } catch (error) {
      this.send({ type: "error", text: `${name} was not loaded: ${(error as Error).message}` });
      return;
    }
    this.#history.add({ what: `loading ${name}`, before });
    this.send({ type: "notice", text: `${name} is loaded: training goes on at step ${this.trainer.step}.` });
    this.#changed();
  }

  /** @throws as the trainer's restore, and has then changed nothing */
  #goTo(snapshot: Snapshot, settings?: Settings): void {
    this.trainer.restore(snapshot);
    if (settings) this.trainer.change(settings);
    this.#loop.stop();
    this.#run = runFrom(this.trainer.step);
    this.#sent = { losses: 0, accuracies: 0 };
    this.#verdict = null;
    this.#changed();
    void this.rest();
  }

  #changed(): void {
    this.report();
    void this.#keep();
  }

  async #keep(): Promise<void> {
    this.#kept = performance.now();
    const run = { ...this.#run, running: this.#loop.running };
    try {
      await this.#store?.write({
        version: VERSION,
        snapshot: this.trainer.snapshot(),
        changes: this.#history.changes,
        run,
        pace: this.#loop.pace,
        drawing: this.#drawing,
      });
    } catch (error) {
      this.#store = null;
      const reason = (error as Error).message;
      const text = `The browser can keep no more for a reload (${reason}). Save a file instead.`;
      this.send({ type: "notice", text });
    }
  }
}

/** Up to the next multiple of the default number of steps. */
function runFrom(step: number): { from: number; target: number } {
  const from = Math.floor(step / DEFAULTS.steps) * DEFAULTS.steps;
  return { from, target: from + DEFAULTS.steps };
}
