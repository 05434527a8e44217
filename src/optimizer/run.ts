// A step, carried out: one call of the kernel per span.

import { ELEMENT_BYTES } from "../common/dtype.js";
import { FIRST } from "../kernel/flags.js";
import type { Plan } from "./plan.js";
import type { GradientOptions } from "./scalars.js";

export function runPlan(plan: Plan, gradients: GradientOptions): void {
  try {
    updateAll(plan, gradients);
  } finally {
    plan.settle();
  }
}

function updateAll(plan: Plan, gradients: GradientOptions): void {
  for (let i = 0; i < plan.count; i++) {
    const { scalars, kernel, fresh, p, g, b, n } = plan.spans[i];
    kernel.sgd(fresh ? scalars.flags | FIRST : scalars.flags, p, g, b, n, scalars);
  }
  for (let i = 0; i < plan.sparse.length; i++) plan.sparse[i].apply();
  if (gradients.zero) zeroTheRest(plan, plan.zeroesAtOnce(gradients));
}

/** A gradient that is used twice, or is sparse, is zeroed when all is done. */
function zeroTheRest(plan: Plan, densesAreZero: boolean): void {
  for (let i = 0; i < plan.sparse.length; i++) plan.sparse[i].parameter.zeroGrad();
  if (densesAreZero) return;
  for (let i = 0; i < plan.count; i++) {
    const { engine, dtype, g, n } = plan.spans[i];
    engine.kernel.zero(g, n * ELEMENT_BYTES[dtype]);
  }
}
