// A step, carried out: one call of the kernel per span.

import type { Engine } from "../engine.js";
import { type DType, SCALED, ZEROED } from "../kernel/variants.js";
import { ARRAY_TYPE, ELEMENT_BYTES } from "../memory/region.js";
import type { Plan } from "./plan.js";

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
  const { scale, clip, zero } = gradients;
  // A gradient that comes twice is needed until the end.
  const zeroAtOnce = zero && !plan.hasDuplicates;
  for (let i = 0; i < plan.count; i++) {
    const { scalars, kernel, engine, dtype, fresh, p, g, b, n } = plan.spans[i];
    const { negativeLr, weightDecay, momentum, undamped, sign } = scalars;
    const factor = sign * scale;
    if (fresh) fillWithNegativeZero(engine, dtype, b, n);
    kernel.sgd(
      (fresh ? scalars.first : scalars.running) + (zeroAtOnce ? ZEROED : factor !== 1 || clip !== 1 ? SCALED : 0),
      p,
      g,
      b,
      n,
      negativeLr,
      weightDecay,
      fresh ? 1 : momentum,
      fresh ? 1 : undamped,
      momentum,
      factor,
      clip,
    );
  }
  for (let i = 0; i < plan.sparse.length; i++) plan.sparse[i].apply();
  if (zero) zeroTheRest(plan, zeroAtOnce);
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
function fillWithNegativeZero({ memory }: Engine, dtype: DType, address: number, size: number): void {
  new ARRAY_TYPE[dtype](memory.buffer, address, size).fill(-0);
}
