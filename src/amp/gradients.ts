// The gradients of an optimizer, as a scaler looks at them and changes them.

import { typeName } from "../common/checks.js";
import { type DType, isHalf, toNumbers, writeNumbers } from "../common/dtype.js";
import { allFinite } from "../gradient/finite.js";
import { totalNorm } from "../gradient/norm.js";
import { storedGradient } from "../gradient/stored.js";
import { parametersOf, withGradient } from "../optimizer/groups.js";
import type { StepOptions, StepReport } from "../optimizer/step-arguments.js";
import type { AnyParameter } from "../parameter.js";
import type { SGD } from "../sgd.js";

/** The parameters of all groups that have a gradient, each once. @throws TypeError for anything but an optimizer */
export function gradientsOf(optimizer: SGD): AnyParameter[] {
  const groups: unknown = (optimizer as SGD | undefined)?.paramGroups;
  if (!Array.isArray(groups)) throw new TypeError(`a scaler takes an SGD, got ${typeName(optimizer)}`);
  const params = parametersOf(optimizer.paramGroups);
  for (const parameter of params) parameter.checkAlive();
  return withGradient(params);
}

/** Whether an element is NaN or infinite; null when there are no gradients. */
export function foundNonfinite(params: readonly AnyParameter[]): boolean | null {
  return params.length === 0 ? null : !allFinite(params, 1);
}

/** @throws RangeError for float16 gradients, which overflow and vanish where a scale should keep them */
export function refuseFloat16(params: readonly AnyParameter[]): void {
  if (params.some(({ dtype }) => dtype === "float16")) throw new RangeError("Attempting to unscale FP16 gradients.");
}

/** Multiplies in place by a float32, each product rounded once. */
export function multiplyGradients(params: readonly AnyParameter[], factor: number): void {
  for (const parameter of params) {
    const { engine, dtype } = parameter;
    const { region, size } = storedGradient(parameter);
    if (isElement(factor, dtype)) {
      engine.kernel[dtype].multiply(region.address, region.address, size, factor, 1);
    } else {
      // The kernel rounds factors to the element type.
      const products = toNumbers(region.view.subarray(0, size), dtype).map((x) => Math.fround(x * factor));
      writeNumbers(region.view, dtype, products);
    }
  }
}

/** The options of a step that unscales as well; where a step cannot, the gradients are unscaled here. */
export function unscaleInStep(optimizer: SGD, factor: number, options: StepOptions, found: boolean): StepOptions {
  const gradScale = factor * (options.gradScale ?? 1);
  const params = gradientsOf(optimizer);
  // A step rounds its scale to the types of the gradients.
  if (found || params.every(({ dtype }) => isElement(gradScale, dtype))) return { ...options, gradScale };
  multiplyGradients(params, factor);
  return options;
}

/** Whether a number needs no rounding to a 16-bit type; those of float32 and float64 are multiplied as they are. */
function isElement(x: number, dtype: DType): boolean {
  if (!isHalf(dtype)) return true;
  const bits = new Uint16Array(1);
  writeNumbers(bits, dtype, [x]);
  return Object.is(toNumbers(bits, dtype)[0], x);
}

/** What a step with these options does when its gradients are not finite. */
export function skipStep(optimizer: SGD, { gradScale = 1, maxGradNorm, zeroGrad }: StepOptions): StepReport {
  const params = gradientsOf(optimizer);
  const gradNorm = maxGradNorm === undefined ? null : totalNorm(params, gradScale);
  if (zeroGrad) for (const parameter of params) parameter.zeroGrad();
  return { gradNorm, skipped: true };
}
