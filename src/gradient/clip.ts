// Gradient clipping, as torch.nn.utils.clip_grad_norm_ and clip_grad_value_ of PyTorch 1.13.

import { checkBoolean, checkKeys, checkNumber } from "../common/checks.js";
import { commonRounding, toNumbers } from "../common/dtype.js";
import type { AnyParameter } from "../parameter.js";
import { listParameters, type Parameters } from "../parameter-list.js";
import { clipCoefficient, totalNorm } from "./norm.js";
import { power } from "./power.js";
import { hasGradient, storedGradient } from "./stored.js";

/** Options of `clipGradNorm`. */
export interface ClipGradNormOptions {
  /** p of the p-norm, `Infinity` for the largest absolute value; default 2 */
  normType?: number;
  /** throw when the norm is NaN or infinite, instead of scaling by it; default false */
  errorIfNonfinite?: boolean;
}

/**
 * Scales all gradients so that their norm, taken over all of them as one vector, is at most `maxNorm`: multiplies by
 * `maxNorm / (norm + 1e-6)` where that is below 1. Parameters without a gradient are left out.
 *
 * @returns the norm before clipping, with the precision of the gradients' dtype; 0 when there is none
 * @throws Error with `errorIfNonfinite` when the norm is NaN or infinite; all gradients are as before then
 */
export function clipGradNorm(
  params: AnyParameter | Parameters,
  maxNorm: number,
  options: ClipGradNormOptions = {},
): number {
  const list = withGradient(params);
  checkNumber("maxNorm", maxNorm);
  checkKeys(options, ["normType", "errorIfNonfinite"], "clipGradNorm");
  const { normType = 2, errorIfNonfinite = false } = options;
  checkNumber("normType", normType);
  checkBoolean("errorIfNonfinite", errorIfNonfinite);
  const total = normType === 2 ? totalNorm(list, 1) : generalNorm(list, normType);
  if (errorIfNonfinite && !Number.isFinite(total)) {
    throw new Error(
      `The total norm of order ${normType} for gradients from \`parameters\` is non-finite, so it cannot be clipped. To ` +
        "disable this error and scale the gradients by the non-finite norm anyway, set `errorIfNonfinite=false`",
    );
  }
  const coefficient = clipCoefficient(list, total, maxNorm);
  for (const parameter of list) {
    const { region, size } = storedGradient(parameter);
    parameter.engine.kernel[parameter.dtype].multiply(region.address, region.address, size, coefficient, 1);
  }
  return total;
}

/** Limits every element of all gradients to the range from `-clipValue` to `clipValue`, in place. NaN stays NaN. */
export function clipGradValue(params: AnyParameter | Parameters, clipValue: number): void {
  const list = withGradient(params);
  checkNumber("clipValue", clipValue);
  if (list.some((parameter) => parameter.sparse)) {
    throw new Error(
      "clipGradValue cannot clip sparse gradients: rows that come more than once have no value of their own",
    );
  }
  for (const parameter of list) {
    const { region, size } = storedGradient(parameter);
    parameter.engine.kernel[parameter.dtype].clamp(region.address, size, clipValue);
  }
}

function withGradient(params: AnyParameter | Parameters): AnyParameter[] {
  const list = listParameters(params).map(({ parameter }) => parameter);
  return list.filter(hasGradient);
}

/** How a norm other than the 2-norm folds in one more value, and what makes a norm of the result. */
interface Norm {
  start: number;
  add(sum: number, size: number): number;
  finish(sum: number): number;
}

function generalNorm(params: readonly AnyParameter[], p: number): number {
  if (params.length === 0) return 0;
  const norm = normOf(p);
  const norms = params.map((parameter) => normOfElements(norm, elementsOf(parameter), commonRounding([parameter])));
  return normOfElements(norm, norms, commonRounding(params));
}

/** A gradient's elements; of a sparse one, those of its rows after summing. */
function elementsOf({ sparse, grad, dtype }: AnyParameter): ArrayLike<number> {
  if (sparse === null) return grad ? toNumbers(grad, dtype) : [];
  const summed = sparse.coalesced(1);
  const elements = summed.values.view.slice();
  summed.free();
  return elements;
}

function normOfElements(norm: Norm, elements: ArrayLike<number>, round: (x: number) => number): number {
  if (elements.length === 0) return 0; // as in PyTorch, also where no power of 0 is 0
  let sum = norm.start;
  for (let i = 0; i < elements.length; i++) sum = norm.add(sum, Math.abs(elements[i]));
  return round(norm.finish(round(sum)));
}

/** torch.norm's orders: the largest or smallest absolute value, the number of elements that are not 0, or a p-norm. */
function normOf(p: number): Norm {
  const same = (sum: number) => sum;
  if (p === Number.POSITIVE_INFINITY) return { start: 0, add: Math.max, finish: same };
  if (p === Number.NEGATIVE_INFINITY) return { start: Number.POSITIVE_INFINITY, add: Math.min, finish: same };
  if (p === 0) return { start: 0, add: (sum, size) => sum + (size === 0 ? 0 : 1), finish: same };
  if (p === 1) return { start: 0, add: (sum, size) => sum + size, finish: same };
  return { start: 0, add: (sum, size) => sum + power(size, p), finish: (sum) => power(sum, 1 / p) };
}
