// A step, carried out: one call of the kernel per span.

import { ARRAY_TYPE, ELEMENT_BYTES } from "../memory/region.js";
import type { Plan, Span } from "./plan.js";

/** What happens to gradients in a step, beyond what the groups say. */
export interface GradientOptions {
  /** they are multiplied by `scale`, then by `clip` */
  scaled: boolean;
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
  const zeroAtOnce = plan.zeroesAtOnce(gradients);
  const scaled = gradients.scaled || zeroAtOnce;
  for (let i = 0; i < plan.count; i++) {
    const span = plan.spans[i];
    if (span.fresh) fillWithNegativeZero(span);
    if (scaled || span.scalars.sign < 0) updateScaled(span, gradients, zeroAtOnce);
    else update(span);
  }
  for (let i = 0; i < plan.sparse.length; i++) plan.sparse[i].apply();
  if (gradients.zero) zeroTheRest(plan, zeroAtOnce);
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

function update({ scalars, kernel, fresh, p, g, b, n }: Span): void {
  const { negativeLr, weightDecay, momentum } = scalars;
  if (fresh) kernel.sgd(scalars.first, p, g, b, n, negativeLr, weightDecay, 1, 1, momentum);
  else kernel.sgd(scalars.running, p, g, b, n, negativeLr, weightDecay, momentum, scalars.undamped, momentum);
}

function updateScaled(span: Span, { scale, clip }: GradientOptions, zero: boolean): void {
  const { scalars, kernel, engine, fresh, p, g, b, n } = span;
  kernel.sgdScaled(
    fresh ? scalars.first : scalars.running,
    p,
    g,
    b,
    n,
    scalars.negativeLr,
    scalars.weightDecay,
    fresh ? 1 : scalars.momentum,
    fresh ? 1 : scalars.undamped,
    scalars.momentum,
    scalars.sign * scale,
    clip,
    zero ? g : engine.sink,
    zero ? -1 : 0,
  );
}

/** -0 is what a first step's buffer is added to, because x + -0 is x for every x. */
function fillWithNegativeZero({ engine, dtype, b, n }: Span): void {
  new ARRAY_TYPE[dtype](engine.memory.buffer, b, n).fill(-0);
}
