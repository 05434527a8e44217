// The total 2-norm of gradients, and what clipping to it multiplies them by. The order of summation and all roundings are
// fixed, so that the bits are the same on every runtime.

import type { Parameter } from "./parameter.js";
import type { SparseRows } from "./sparse-gradient.js";

const EPSILON = 1e-6;

/**
 * The total norm as PyTorch takes it: the norm of the parameters' own norms. Squares are summed in float64 and the sum is
 * rounded to the parameter's dtype, so that it overflows where PyTorch's does.
 *
 * @param scale gradients are multiplied by it first, with one rounding in the parameter's dtype
 */
export function totalNorm(params: readonly Parameter[], scale: number): number {
  let sum = 0;
  for (const parameter of params) {
    const round = rounding(parameter);
    const norm = round(Math.sqrt(round(sumOfSquares(parameter, scale))));
    sum += norm * norm;
  }
  const round = commonRounding(params);
  return round(Math.sqrt(round(sum)));
}

function sumOfSquares({ engine, sparse, gradient }: Parameter, scale: number): number {
  if (sparse) return sumOfSparseSquares(sparse, scale);
  return gradient ? engine.kernel[gradient.dtype].sumOfSquares(gradient.address, gradient.size, scale) : 0;
}

/** Rows that come more than once are summed first, after scaling. */
function sumOfSparseSquares(rows: SparseRows, scale: number): number {
  const scaled = rows.scaled(scale);
  try {
    const summed = scaled.coalesced();
    const { address, dtype, size } = summed.values;
    const sum = rows.parameter.engine.kernel[dtype].sumOfSquares(address, size, 1);
    summed.free();
    return sum;
  } finally {
    scaled.free();
  }
}

/**
 * What gradients are multiplied by: `maxNorm / (total + 1e-6)`, at most 1, with PyTorch's roundings (a number divided by a
 * tensor is the tensor's reciprocal, multiplied).
 */
export function clipCoefficient(params: readonly Parameter[], total: number, maxNorm: number): number {
  const round = commonRounding(params);
  return Math.min(round(round(1 / round(total + round(EPSILON))) * round(maxNorm)), 1);
}

/** Rounding to a parameter's dtype. */
export function rounding({ dtype }: Parameter): (x: number) => number {
  return dtype === "float32" ? Math.fround : identity;
}

/** PyTorch's norms of several dtypes are promoted to the widest. */
export function commonRounding(params: readonly Parameter[]): (x: number) => number {
  return params.every(({ dtype }) => dtype === "float32") ? Math.fround : identity;
}

function identity(x: number): number {
  return x;
}
