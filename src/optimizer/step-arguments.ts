// What step and zeroGrad are called with.

import { checkBoolean, checkKeys, checkNumber, isRecord, typeName } from "../common/checks.js";

/** Options of `optimizer.step`: what is done with the gradients in the same pass over memory. */
export interface StepOptions {
  /** every gradient is multiplied by this first, as `grad.mul_(gradScale)`; default: not at all */
  gradScale?: number;
  /** the gradients' total 2-norm is clipped to this, as by `clipGradNorm`; default: not at all */
  maxGradNorm?: number;
  /** zero the gradients in the same pass; default false */
  zeroGrad?: boolean;
  /** leave parameters and state as they are when a gradient, after `gradScale`, holds a NaN or an infinity; default false */
  skipNonfinite?: boolean;
}

/** What a step with options reports. */
export interface StepReport {
  /** the gradients' total norm after `gradScale`, as `clipGradNorm` returns it; null without `maxGradNorm` */
  gradNorm: number | null;
  /** whether `skipNonfinite` has skipped the step */
  skipped: boolean;
}

/** Options of `optimizer.zeroGrad`. */
export interface ZeroGradOptions {
  /** drop the gradients instead of filling them with zeros; default false */
  setToNone?: boolean;
}

const STEP_OPTIONS = ["gradScale", "maxGradNorm", "zeroGrad", "skipNonfinite"];

/** The arguments of `step`, of which the first may be the options. */
export function stepArguments<T>(
  first: (() => T) | StepOptions | null | undefined,
  second: StepOptions | null | undefined,
): { closure: (() => T) | null; options: StepOptions | null } {
  if (first === null || first === undefined || typeof first === "function") {
    return { closure: first ?? null, options: second ?? null };
  }
  if (!isRecord(first)) {
    throw new TypeError(`step takes a closure, options such as { maxGradNorm: 1 }, or both, got ${typeName(first)}`);
  }
  if (second !== undefined) {
    throw new TypeError("step takes options once, got an object and another argument: write step(closure, options)");
  }
  return { closure: null, options: first };
}

/** @returns the options as they are now, whatever the closure does to them */
export function checkStepOptions(given: StepOptions, differentiable: boolean): StepOptions {
  checkKeys(given, STEP_OPTIONS, "step");
  const { gradScale, maxGradNorm, zeroGrad, skipNonfinite } = given;
  const options = { gradScale, maxGradNorm, zeroGrad, skipNonfinite };
  for (const key of ["gradScale", "maxGradNorm"] as const) {
    const value = options[key];
    if (value === undefined) continue;
    checkNumber(key, value);
    if (differentiable) throw new TypeError(`${key} has no derivative here: use it before a differentiable step`);
  }
  for (const key of ["zeroGrad", "skipNonfinite"] as const) checkBoolean(key, options[key]);
  return options;
}

/** @throws TypeError: a step cannot wait for it */
export function refusePromise(result: unknown): void {
  if (typeof (result as PromiseLike<unknown> | null | undefined)?.then !== "function") return;
  throw new TypeError(
    "the closure returned a promise, but step() does not wait: await the gradients, then call step()",
  );
}

export function readSetToNone(options: boolean | ZeroGradOptions): boolean {
  if (typeof options === "boolean") return options;
  if (!isRecord(options)) {
    throw new TypeError(`zeroGrad takes true, false or { setToNone: true }, got ${typeName(options)}`);
  }
  checkKeys(options, ["setToNone"], "zeroGrad");
  const { setToNone = false }: ZeroGradOptions = options;
  checkBoolean("setToNone", setToNone);
  return setToNone;
}
