// The total 2-norm of gradients, and what clipping to it multiplies them by. The order of summation and all roundings are
// fixed, so that the bits are the same on every runtime.

import { commonRounding, type DType } from "../common/dtype.js";
import type { AnyParameter } from "../parameter.js";

const EPSILON = 1e-6;

/** What a norm depends on beside the elements: of several dtypes the widest, to which PyTorch promotes. */
interface Typed {
  readonly dtype: DType;
}

/** @param scale gradients are multiplied by it first, with one rounding in the parameter's dtype */
export function totalNorm(params: readonly AnyParameter[], scale: number): number {
  return normOfSums(
    params.map((parameter) => sumOfSquares(parameter, scale)),
    params,
  );
}

/**
 * The total norm as PyTorch takes it: the norm of the parameters' own norms. Squares are summed in float64 and the sum is
 * rounded to the parameter's dtype, so that it overflows where PyTorch's does; of 16-bit gradients to float32.
 *
 * @param sums of squares, by parameter
 */
export function normOfSums(sums: readonly number[], params: readonly Typed[]): number {
  let total = 0;
  sums.forEach((sum, i) => {
    const norm = roundedRoot(sum, [params[i]]);
    total += norm * norm;
  });
  return roundedRoot(total, params);
}

function roundedRoot(sum: number, params: readonly Typed[]): number {
  const round = commonRounding(params);
  return round(Math.sqrt(round(sum)));
}

/** Rows of a sparse gradient that come more than once are summed first, after scaling. */
function sumOfSquares({ engine, sparse, gradient }: AnyParameter, scale: number): number {
  const summed = sparse?.coalesced(scale);
  const region = summed?.values ?? gradient;
  if (!region) return 0;
  const sum = engine.kernel[region.dtype].sumOfSquares(region.address, region.size, summed ? 1 : scale);
  summed?.free();
  return sum;
}

/**
 * What gradients are multiplied by: `maxNorm / (total + 1e-6)`, at most 1, with PyTorch's roundings (a number divided by a
 * tensor is the tensor's reciprocal, multiplied).
 */
export function clipCoefficient(params: readonly Typed[], total: number, maxNorm: number): number {
  const round = commonRounding(params);
  return Math.min(round(round(1 / round(total + round(EPSILON))) * round(maxNorm)), 1);
}
