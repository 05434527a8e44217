// A step, carried out: one call of the kernel per span.

import { ARRAY_TYPE, ELEMENT_BYTES } from "../common/dtype.js";
import type { Plan, Span } from "./plan.js";

/** What happens to gradients in a step, beyond what the groups say. */
export interface GradientOptions {
  /** they are multiplied by this, then by `clip` */
  scale: number;
  clip: number;
  /** they are zeroed after */
  zero: boolean;
}

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
    const { negativeLr, weightDecay, momentum, weight, factor, clip } = scalars;
    if (fresh) {
      fillWithNegativeZero(plan.spans[i]);
      kernel.sgd(scalars.first, p, g, b, n, negativeLr, weightDecay, momentum, 1, factor, clip);
    } else {
      kernel.sgd(scalars.running, p, g, b, n, negativeLr, weightDecay, momentum, weight, factor, clip);
    }
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

/** -0 is what a first step's buffer is added to, because x + -0 is x for every x. */
function fillWithNegativeZero({ engine, dtype, b, n }: Span): void {
  new ARRAY_TYPE[dtype](engine.memory.buffer, b, n).fill(-0);
}
