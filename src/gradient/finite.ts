// Whether gradients hold a NaN or an infinity.

import type { Parameter } from "../parameter.js";

/** Whether all elements of the gradients are finite after a multiplication by `scale` in their dtype. */
export function allFinite(params: readonly Parameter[], scale: number): boolean {
  return params.every(({ engine, dtype, sparse, gradient }) => {
    const region = sparse?.values ?? gradient;
    const size = sparse?.size ?? gradient?.size ?? 0;
    return !region || engine.kernel[dtype].allFinite(region.address, size, scale) === 1;
  });
}
