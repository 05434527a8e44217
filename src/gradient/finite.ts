// Whether gradients hold a NaN or an infinity.

import type { AnyParameter } from "../parameter.js";

/** Whether all elements of the gradients are finite after a multiplication by `scale` in their dtype. */
export function allFinite(params: readonly AnyParameter[], scale: number): boolean {
  return params.every(({ engine, dtype, size, sparse, gradient }) => {
    const region = sparse?.values ?? gradient;
    return region === null || engine.kernel[dtype].allFinite(region.address, sparse?.size ?? size, scale) !== 0;
  });
}
