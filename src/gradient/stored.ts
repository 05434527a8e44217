// Where the elements of gradients are stored.

import type { Region } from "../memory/region.js";
import type { AnyParameter } from "../parameter.js";

/** Whether there is a gradient, dense or sparse. */
export function hasGradient({ hasGrad, sparse }: AnyParameter): boolean {
  return hasGrad || sparse !== null;
}

/** The elements of a gradient, which there must be: all of a dense one, of a sparse one those of its rows. */
export function storedGradient({ sparse, gradient, size }: AnyParameter): { region: Region; size: number } {
  return sparse ? { region: sparse.values, size: sparse.size } : { region: gradient!, size };
}
