// What threads tell each other: a few words in a buffer of their own, and the arguments of the pass that is under way.
//
// A pass is cut into chunks, and every thread has a home: a range of chunks that it takes first, so that from step to step
// the same elements stay in the same processor's cache. A thread that is done with its own home takes chunks of others. A
// chunk is claimed by counting down what is left of a home, and the pass ends when every chunk is counted as finished.
// Two properties make this correct:
//
//   * The arguments are written before the counts, and a pass cannot end while a claimed chunk is not done. So a claimed
//     chunk, however late, belongs to the pass whose arguments are read after claiming it.
//   * A thread that finds no chunk left has no part in the pass: threads that sleep, or never wake, hold up nothing.
//
// The cost is in cache lines that move from one processor to another, at 50 to 300 ns each. So an idle thread watches only its
// own home; its count of finished chunks is on a line that only it writes; the calling thread has its first chunk without a
// claim; a field that has not changed is not written; and a small pass has at most one chunk per thread.

import { SCALARS, type StepScalars } from "../kernel/kernel.js";

/** Words by their index in `words`, each on a cache line of its own. */
export const WORD = {
  /** goes up with every pass that starts while threads sleep: they wait on this word */
  sequence: 0,
  /** how many threads sleep and have to be woken */
  parked: 16,
  /** 1 while the calling thread sleeps until a chunk is finished */
  waiting: 32,
  /** 1 + the thread on which the kernel trapped */
  trapped: 48,
  /** 1 when the threads are to end */
  stop: 64,
  /** three lines per thread: its home's chunks left to claim; how many chunks it has ever finished; whether it is at work */
  threads: 80,
} as const;
const LINE = 16;
const LINES = 3;

/** Places in `pass`; after `args` come the operation's arguments, those of a step being addresses and flags, then its scalars. */
export const PASS = { operation: 0, dtype: 1, n: 2, chunk: 3, chunks: 4, args: 5, scalars: 10 } as const;
const PASS_NUMBERS = 24;
/** A pass collects at most this many results; longer reductions take several passes. */
export const RESULTS = 256;

export interface Control {
  buffer: SharedArrayBuffer;
  threads: number;
  words: Int32Array;
  pass: Float64Array;
  results: Float64Array;
}

export function newControl(threads: number): Control {
  return controlOf(new SharedArrayBuffer(numbersFrom(threads) + (PASS_NUMBERS + RESULTS) * 8), threads);
}

export function controlOf(buffer: SharedArrayBuffer, threads: number): Control {
  const numbers = numbersFrom(threads);
  return {
    buffer,
    threads,
    words: new Int32Array(buffer, 0, numbers / 4),
    pass: new Float64Array(buffer, numbers, PASS_NUMBERS),
    results: new Float64Array(buffer, numbers + PASS_NUMBERS * 8, RESULTS),
  };
}

function numbersFrom(threads: number): number {
  return (WORD.threads + threads * LINES * LINE) * 4;
}

/** Writes a field of the pass if it has changed. */
export function writeField(pass: Float64Array, field: number, value: number): void {
  if (!Object.is(pass[field], value)) pass[field] = value;
}

export function writeScalars(pass: Float64Array, scalars: StepScalars): void {
  for (let i = 0; i < SCALARS.length; i++) writeField(pass, PASS.scalars + i, scalars[SCALARS[i]]);
}

/** @returns the same object every time, so that a step makes nothing on the heap */
export function readScalars(pass: Float64Array): StepScalars {
  for (let i = 0; i < SCALARS.length; i++) scalarsRead[SCALARS[i]] = pass[PASS.scalars + i];
  return scalarsRead;
}

const scalarsRead: StepScalars = { negativeLr: 0, weightDecay: 0, momentum: 0, undamped: 0, factor: 0, clip: 0 };

/**
 * Publishes the pass whose arguments have been written, and wakes sleeping threads.
 *
 * @returns how many chunks the calling thread has without a claim: the first of its home, or none
 */
export function publish({ words, pass, threads }: Control): number {
  const chunks = pass[PASS.chunks];
  const own = Math.min(chunks, 1);
  for (let home = threads - 1; home >= 0; home--) {
    const left = lastOf(home, chunks, threads) - (home === 0 ? own : lastOf(home - 1, chunks, threads));
    if (left > 0) Atomics.store(words, leftOf(home), left);
  }
  // A thread that goes to sleep counts itself as parked and then looks at its home once more: one of the two sees the other.
  if (Atomics.load(words, WORD.parked) > 0) {
    Atomics.add(words, WORD.sequence, 1);
    Atomics.notify(words, WORD.sequence);
  }
  return own;
}

/** Whether a home has chunks to claim. */
export function hasWork({ words }: Control, home: number): boolean {
  return Atomics.load(words, leftOf(home)) > 0;
}

/** Takes a chunk of `home`: its index, or -1 when none is left. */
export function claim(control: Control, home: number): number {
  if (!hasWork(control, home)) return -1;
  const { words, pass, threads } = control;
  const left = Atomics.sub(words, leftOf(home), 1);
  // Threads that claim at the same time may count below 0; the next pass starts the count anew.
  return left <= 0 ? -1 : lastOf(home, pass[PASS.chunks], threads) - left;
}

/** Counts a claimed chunk as done by `thread`. */
export function finish({ words }: Control, thread: number): void {
  const at = finishedOf(thread);
  Atomics.store(words, at, words[at] + 1);
  if (Atomics.load(words, WORD.waiting) === 0) return;
  Atomics.store(words, WORD.waiting, 0);
  Atomics.notify(words, WORD.waiting);
}

/** How many chunks have ever been finished, modulo 2^32. */
export function finished({ words, threads }: Control): number {
  let sum = 0;
  for (let thread = 0; thread < threads; thread++) sum = (sum + Atomics.load(words, finishedOf(thread))) | 0;
  return sum;
}

/** For messages only, so the store is not atomic, which is cheaper. */
export function setWorking({ words }: Control, thread: number, working: number): void {
  words[workingOf(thread)] = working;
}

/** The worker that has claimed a chunk and not done it, for messages; 0 if there is none. */
export function workingThread({ words, threads }: Control): number {
  for (let thread = 1; thread < threads; thread++) if (Atomics.load(words, workingOf(thread)) !== 0) return thread;
  return 0;
}

function leftOf(home: number): number {
  return WORD.threads + home * LINES * LINE;
}

function finishedOf(thread: number): number {
  return leftOf(thread) + LINE;
}

function workingOf(thread: number): number {
  return finishedOf(thread) + LINE;
}

/** The end of a thread's chunks. Where there are fewer chunks than threads, the calling thread has the first. */
function lastOf(thread: number, chunks: number, threads: number): number {
  return Math.ceil((chunks * (thread + 1)) / threads);
}
