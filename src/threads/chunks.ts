// Doing the chunks of a pass: what the calling thread and the workers have in common.

import type { Kernel, TypedKernel } from "../kernel/kernel.js";
import { type Control, claim, finish, PASS, setWorking, WORD } from "./control.js";

/** With their arguments in a pass; addresses are those of the first element. */
export const OPERATION = {
  /** variant, p, g, b, negativeLr, weightDecay, lookahead, weight, factor, clip */
  step: 0,
  /** to, from, first, second */
  multiply: 1,
  /** x, bound */
  clamp: 2,
  /** address; elements are bytes */
  zero: 3,
  /** x, scale: the sum of each chunk goes into `sums` */
  sumOfSquares: 4,
} as const;

/** Does chunks until none is left to claim. */
export function work(kernel: Kernel, control: Control, thread: number): void {
  const { threads } = control;
  for (let i = 0; i < threads; i++) {
    const home = (thread + i) % threads;
    for (let chunk = claim(control, home); chunk >= 0; chunk = claim(control, home))
      carryOut(kernel, control, thread, chunk);
  }
}

/** Does a chunk that belongs to the thread. */
export function carryOut(kernel: Kernel, control: Control, thread: number, chunk: number): void {
  setWorking(control, thread, 1);
  try {
    doChunk(kernel, control, chunk);
  } catch {
    Atomics.store(control.words, WORD.trapped, thread + 1);
  }
  setWorking(control, thread, 0);
  finish(control, thread);
}

const A = PASS.args;

function doChunk(kernel: Kernel, { pass, sums }: Control, chunk: number): void {
  const start = chunk * pass[PASS.chunk];
  const n = Math.min(pass[PASS.chunk], pass[PASS.n] - start);
  const float64 = pass[PASS.float64];
  const typed = float64 ? kernel.float64 : kernel.float32;
  const at = start * (float64 ? 8 : 4);
  switch (pass[PASS.operation]) {
    case OPERATION.step:
      step(typed, pass, at, n);
      break;
    case OPERATION.multiply:
      typed.multiply(pass[A] + at, pass[A + 1] + at, n, pass[A + 2], pass[A + 3]);
      break;
    case OPERATION.clamp:
      typed.clamp(pass[A] + at, n, pass[A + 1]);
      break;
    case OPERATION.zero:
      kernel.zero(pass[A] + start, n);
      break;
    case OPERATION.sumOfSquares:
      sums[chunk] = typed.sumOfSquares(pass[A] + at, n, pass[A + 1]);
      break;
  }
}

function step({ sgd }: TypedKernel, pass: Float64Array, at: number, n: number): void {
  const p = pass[A + 1] + at;
  const g = pass[A + 2] + at;
  const b = pass[A + 3] + at;
  const negativeLr = pass[A + 4];
  const weightDecay = pass[A + 5];
  const lookahead = pass[A + 6];
  const weight = pass[A + 7];
  sgd(pass[A], p, g, b, n, negativeLr, weightDecay, lookahead, weight, pass[A + 8], pass[A + 9]);
}
