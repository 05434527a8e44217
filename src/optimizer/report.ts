// What a step with options does to gradients, and what it reports.

import { allFinite } from "../gradient/finite.js";
import { clipCoefficient, totalNorm } from "../gradient/norm.js";
import type { AnyParameter } from "../parameter.js";
import type { GradientOptions } from "./scalars.js";
import type { StepOptions, StepReport } from "./step-arguments.js";

/**
 * Measures the gradients as far as the options ask for it. Those of a step that is to be skipped are zeroed here, if they are to be.
 *
 * @param params those that have a gradient
 * @param gradients what the step is to do with them, which is written here
 */
export function reportOn(
  params: readonly AnyParameter[],
  { gradScale = 1, maxGradNorm, zeroGrad = false, skipNonfinite = false }: StepOptions,
  gradients: GradientOptions,
): StepReport {
  const gradNorm = maxGradNorm === undefined ? null : totalNorm(params, gradScale);
  const skipped = skipNonfinite && !allFinite(params, gradScale);
  if (skipped && zeroGrad) for (const parameter of params) parameter.zeroGrad();
  gradients.scale = gradScale;
  gradients.clip = gradNorm === null ? 1 : clipCoefficient(params, gradNorm, maxGradNorm as number);
  gradients.zero = zeroGrad;
  return { gradNorm, skipped };
}
