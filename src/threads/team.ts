// The calling thread's side of a pass.

import type { Kernel } from "../kernel/kernel.js";
import { carryOut, work } from "./chunks.js";
import { type Control, finished, PASS, publish, WORD, workingThread, writeField } from "./control.js";

/** How often to look whether the workers are done before sleeping; on a page, which must not sleep, before looking at the clock. */
const SPINS = 20_000;
/** A chunk takes a few milliseconds. A worker that has not done one after this has died, or has been stopped. */
const LONGEST_MILLISECONDS = 10_000;
/** That time is counted in this many parts: a machine that was suspended in the meantime loses only one of them. */
const PARTS = 10;

/** One engine's threads: the calling one, and workers, which `stop` ends. */
export class Team {
  readonly control: Control;
  readonly #kernel: Kernel;
  readonly #stop: () => void;
  readonly #longest: number;
  readonly #mayWait: boolean;
  #failure: Error | null = null;

  constructor(kernel: Kernel, control: Control, stop: () => void, longest = LONGEST_MILLISECONDS) {
    this.control = control;
    this.#kernel = kernel;
    this.#stop = stop;
    this.#longest = longest;
    this.#mayWait = mayWait();
  }

  /** Ends the threads; passes are refused from now on. */
  fail(reason: string): Error {
    if (this.#failure === null) {
      this.#failure = new Error(`${reason}: the engine cannot be used any more, its parameters may be half updated`);
      this.stop();
    }
    return this.#failure;
  }

  /** @throws Error when a thread has died */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  stop(): void {
    const { words } = this.control;
    Atomics.store(words, WORD.stop, 1);
    Atomics.add(words, WORD.sequence, 1);
    Atomics.notify(words, WORD.sequence);
    this.#stop();
  }

  /**
   * Carries out the operation whose arguments are in `control.pass`, `chunk` of its `n` elements at a time. `dtype` is the
   * index in `DTYPES`.
   *
   * @throws Error when a thread has died
   */
  run(operation: number, dtype: number, n: number, chunk: number): void {
    this.check();
    const { pass } = this.control;
    writeField(pass, PASS.operation, operation);
    writeField(pass, PASS.dtype, dtype);
    writeField(pass, PASS.n, n);
    writeField(pass, PASS.chunk, chunk);
    writeField(pass, PASS.chunks, Math.ceil(n / chunk));
    const end = (finished(this.control) + pass[PASS.chunks]) | 0;
    if (publish(this.control) > 0) carryOut(this.#kernel, this.control, 0, 0);
    work(this.#kernel, this.control, 0);
    this.#waitForOthers(end);
    const trapped = Atomics.exchange(this.control.words, WORD.trapped, 0);
    if (trapped !== 0) throw new WebAssembly.RuntimeError(`the kernel trapped on thread ${trapped - 1}`);
  }

  /** Waits until as many chunks have been finished as there are at the `end` of the pass. */
  #waitForOthers(end: number): void {
    if (this.#spin(end)) return;
    let since = performance.now();
    for (let parts = 0; finished(this.control) !== end; ) {
      if (parts === PARTS) {
        throw this.fail(`thread ${workingThread(this.control)} has not done its share within ${this.#longest} ms`);
      }
      if (this.#mayWait) this.#sleep(end);
      else this.#spin(end);
      if (performance.now() - since < this.#longest / PARTS) continue;
      since = performance.now();
      parts++;
    }
  }

  /** Whether the pass ended. */
  #spin(end: number): boolean {
    for (let i = 0; i < SPINS; i++) if (finished(this.control) === end) return true;
    return false;
  }

  #sleep(end: number): void {
    const { words } = this.control;
    Atomics.store(words, WORD.waiting, 1);
    // A worker that finished before the store has not notified, so the count is read once more.
    if (finished(this.control) !== end) Atomics.wait(words, WORD.waiting, 1, this.#longest / PARTS);
    Atomics.store(words, WORD.waiting, 0);
  }
}

/** A page's main thread must not wait: there Atomics.wait throws even where it would return at once. */
function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}
