// Whether gradients hold a NaN or an infinity.

import { ROUND } from "../common/dtype.js";
import type { Parameter } from "../parameter.js";

/** Whether all elements of the gradients are finite after a multiplication by `scale` in their dtype. */
export function allFinite(params: readonly Parameter[], scale: number): boolean {
  return params.every(({ dtype, sparse, gradient }) => {
    const view = sparse ? sparse.values.view.subarray(0, sparse.size) : (gradient?.view ?? []);
    const round = ROUND[dtype];
    const factor = round(scale);
    for (let i = 0; i < view.length; i++) if (!Number.isFinite(round(view[i] * factor))) return false;
    return true;
  });
}
