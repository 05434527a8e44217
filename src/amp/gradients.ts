// The gradients of an optimizer, as a scaler looks at them and changes them.

import { typeName } from "../common/checks.js";
import { allFinite } from "../gradient/finite.js";
import { totalNorm } from "../gradient/norm.js";
import type { StepOptions, StepReport } from "../optimizer/step-arguments.js";
import type { AnyParameter } from "../parameter.js";
import type { SGD } from "../sgd.js";

/** The parameters of all groups that have a gradient, each once. @throws TypeError for what is no optimizer */
export function gradientsOf(optimizer: SGD): AnyParameter[] {
  const groups: unknown = (optimizer as SGD | undefined)?.paramGroups;
  if (!Array.isArray(groups)) throw new TypeError(`a scaler takes an SGD, got ${typeName(optimizer)}`);
  const params = new Set(optimizer.paramGroups.flatMap((group) => [...group.params]));
  for (const parameter of params) parameter.checkAlive();
  return [...params].filter((parameter) => parameter.hasGrad || parameter.sparse);
}

/** Whether an element is NaN or infinite; null when there are no gradients. */
export function foundNonfinite(params: readonly AnyParameter[]): boolean | null {
  return params.length === 0 ? null : !allFinite(params, 1);
}

/** In place, each product rounded. */
export function multiplyGradients(params: readonly AnyParameter[], factor: number): void {
  for (const { engine, dtype, sparse, gradient } of params) {
    const { address } = (sparse?.values ?? gradient)!;
    const size = sparse?.size ?? gradient!.size;
    engine.kernel[dtype].multiply(address, address, size, factor, 1);
  }
}

/** What a step with these options does when its gradients are not finite. */
export function skipStep(optimizer: SGD, { gradScale = 1, maxGradNorm, zeroGrad }: StepOptions): StepReport {
  const params = gradientsOf(optimizer);
  const gradNorm = maxGradNorm === undefined ? null : totalNorm(params, gradScale);
  if (zeroGrad) for (const parameter of params) parameter.zeroGrad();
  return { gradNorm, skipped: true };
}
