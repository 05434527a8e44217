// What threads tell each other: a few words in a buffer of their own, and the description of the pass that is under way.
//
// A pass is cut into chunks, and every thread has a home: a range of chunks that it takes first, so that from step to step
// the same elements stay in the same processor's cache. Who is done with its own takes those of others. A chunk is claimed
// by counting down what is left of a home, and the pass ends when the last claimed chunk is done. Two properties carry it:
//
//   * The description is written before the counts, and a pass cannot end while a claimed chunk is not done. So what is
//     claimed, however late, belongs to the pass whose description is read after claiming it.
//   * Whoever finds no chunk left has no business with the pass: threads that sleep, or never wake, hold up nothing.

/** Words on lines of the cache of their own, by the index in `words`. */
export const WORD = {
  /** goes up with every pass: what idle threads wait for */
  sequence: 0,
  /** threads that sleep and have to be woken */
  parked: 16,
  /** chunks that are not done */
  unfinished: 32,
  /** the calling thread sleeps until `unfinished` changes */
  waiting: 48,
  /** 1 + the thread on which the kernel trapped */
  trapped: 64,
  /** the threads are to end */
  stop: 80,
  /** the first home's count of chunks left to claim; then whether its thread is at work on one */
  homes: 96,
} as const;
const LINE = 16;

/** Places in `pass`; after them come the operation's arguments. */
export const PASS = { operation: 0, float64: 1, n: 2, chunk: 3, chunks: 4, args: 5 } as const;
const PASS_NUMBERS = 24;
/** Sums of a pass are collected here; longer ones take several passes. */
export const SUMS = 256;

export interface Control {
  buffer: SharedArrayBuffer;
  threads: number;
  words: Int32Array;
  pass: Float64Array;
  sums: Float64Array;
}

export function newControl(threads: number): Control {
  return controlOf(new SharedArrayBuffer(numbersFrom(threads) + (PASS_NUMBERS + SUMS) * 8), threads);
}

export function controlOf(buffer: SharedArrayBuffer, threads: number): Control {
  const numbers = numbersFrom(threads);
  return {
    buffer,
    threads,
    words: new Int32Array(buffer, 0, numbers / 4),
    pass: new Float64Array(buffer, numbers, PASS_NUMBERS),
    sums: new Float64Array(buffer, numbers + PASS_NUMBERS * 8, SUMS),
  };
}

function numbersFrom(threads: number): number {
  return (WORD.homes + threads * LINE) * 4;
}

/** Starts the pass that is described, and wakes who sleeps. */
export function publish({ words, pass, threads }: Control): void {
  const chunks = pass[PASS.chunks];
  Atomics.store(words, WORD.unfinished, chunks);
  for (let home = 0; home < threads; home++) {
    Atomics.store(words, homeOf(home), lastOf(home, chunks, threads) - lastOf(home - 1, chunks, threads));
  }
  Atomics.add(words, WORD.sequence, 1);
  if (Atomics.load(words, WORD.parked) > 0) Atomics.notify(words, WORD.sequence);
}

/** Takes a chunk of `home`: its index, or -1 when none is left. */
export function claim({ words, pass, threads }: Control, home: number): number {
  const at = homeOf(home);
  if (Atomics.load(words, at) <= 0) return -1;
  const left = Atomics.sub(words, at, 1);
  // Threads that come together count below 0; the next pass counts anew.
  return left <= 0 ? -1 : lastOf(home, pass[PASS.chunks], threads) - left;
}

/** A claimed chunk is done. */
export function finish({ words }: Control): void {
  const last = Atomics.sub(words, WORD.unfinished, 1) === 1;
  if (last && Atomics.load(words, WORD.waiting) !== 0) Atomics.notify(words, WORD.unfinished);
}

export function setWorking({ words }: Control, thread: number, working: number): void {
  Atomics.store(words, homeOf(thread) + 1, working);
}

/** The worker that has claimed a chunk and not done it, for messages; 0 if there is none. */
export function workingThread({ words, threads }: Control): number {
  for (let thread = 1; thread < threads; thread++) if (Atomics.load(words, homeOf(thread) + 1) !== 0) return thread;
  return 0;
}

function homeOf(thread: number): number {
  return WORD.homes + thread * LINE;
}

/** The end of a thread's chunks. */
function lastOf(thread: number, chunks: number, threads: number): number {
  return Math.floor((chunks * (thread + 1)) / threads);
}
