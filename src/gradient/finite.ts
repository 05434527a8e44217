// Whether gradients hold a NaN or an infinity.

import type { AnyParameter } from "../parameter.js";
import { storedGradient } from "./stored.js";

/**
 * Whether all elements of the gradients are finite after a multiplication by `scale` in their dtype.
 *
 * @param params that have a gradient
 */
export function allFinite(params: readonly AnyParameter[], scale: number): boolean {
  return params.every((parameter) => {
    const { region, size } = storedGradient(parameter);
    return parameter.engine.kernel[parameter.dtype].allFinite(region.address, size, scale) !== 0;
  });
}
