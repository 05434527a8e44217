// Doing the chunks of a pass: what the calling thread and the workers have in common.

import { DTYPES, ELEMENT_BYTES } from "../common/dtype.js";
import type { Kernel } from "../kernel/kernel.js";
import { type Control, claim, finish, PASS, readScalars, setWorking, WORD } from "./control.js";

/** Operations, with their arguments in a pass; addresses are those of the first element. */
export const OPERATION = {
  /** p, g, b, flags; and the scalars */
  step: 0,
  /** to, from, first, second */
  multiply: 1,
  /** x, bound */
  clamp: 2,
  /** address; elements are bytes */
  zero: 3,
  /** x, scale; every chunk has a result */
  sumOfSquares: 4,
  /** x, scale; every chunk has a result */
  allFinite: 5,
  /** a, v, rule, first, second */
  average: 6,
  /** x, y; elements are bytes */
  swap: 7,
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

function doChunk(kernel: Kernel, { pass, results }: Control, chunk: number): void {
  const start = chunk * pass[PASS.chunk];
  const n = Math.min(pass[PASS.chunk], pass[PASS.n] - start);
  const dtype = DTYPES[pass[PASS.dtype]];
  const typed = kernel[dtype];
  const at = start * ELEMENT_BYTES[dtype];
  const first = pass[PASS.args];
  const second = pass[PASS.args + 1];
  const third = pass[PASS.args + 2];
  const fourth = pass[PASS.args + 3];
  const fifth = pass[PASS.args + 4];
  switch (pass[PASS.operation]) {
    case OPERATION.step:
      typed.sgd(fourth, first + at, second + at, third + at, n, readScalars(pass));
      break;
    case OPERATION.multiply:
      typed.multiply(first + at, second + at, n, third, fourth);
      break;
    case OPERATION.clamp:
      typed.clamp(first + at, n, second);
      break;
    case OPERATION.zero:
      kernel.zero(first + start, n);
      break;
    case OPERATION.sumOfSquares:
      results[chunk] = typed.sumOfSquares(first + at, n, second);
      break;
    case OPERATION.allFinite:
      results[chunk] = typed.allFinite(first + at, n, second);
      break;
    case OPERATION.average:
      typed.average(third, first + at, second + at, n, fourth, fifth);
      break;
    case OPERATION.swap:
      kernel.swap(first + start, second + start, n);
      break;
  }
}
