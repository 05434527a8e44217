// A step, carried out: one call of the kernel per span.

import { variantIndex } from "../kernel/variants.js";
import { ELEMENT_BYTES } from "../memory/region.js";
import type { Plan, Span } from "./plan.js";
import { applySparse } from "./sparse-update.js";

/** Where gradients are zeroed in the same pass, this many elements are updated at a time: their gradients stay in the cache. */
const BLOCK = 8192;

/** `scale` and `clip` multiply gradients, one after the other; null leaves them as they are. */
export function runPlan(plan: Plan, scale: number | null, clip: number | null, zeroGrad: boolean): void {
  for (let i = 0; i < plan.count; i++) {
    const span = plan.spans[i];
    if (span.fresh) fillWithNegativeZero(span);
    if (zeroGrad) updateAndZero(span, scale, clip);
    else update(span, 0, span.n, scale, clip);
  }
  for (const update of plan.sparse) {
    applySparse(update);
    if (zeroGrad) update.parameter.zeroGrad();
  }
}

function updateAndZero(span: Span, scale: number | null, clip: number | null): void {
  const bytes = ELEMENT_BYTES[span.dtype];
  for (let start = 0; start < span.n; start += BLOCK) {
    const n = Math.min(BLOCK, span.n - start);
    update(span, start, n, scale, clip);
    span.engine.kernel.zero(span.g + start * bytes, n * bytes);
  }
}

/** Elements `start` to `start + n` of a span. */
function update(span: Span, start: number, n: number, scale: number | null, clip: number | null): void {
  const { group, dtype, fresh } = span;
  const momentum = Number(group.momentum);
  const weightDecay = Number(group.weightDecay);
  const scaled = scale !== null || clip !== null || Boolean(group.maximize);
  const variant = variantIndex(momentum !== 0, Boolean(group.nesterov), weightDecay !== 0, scaled);
  const offset = start * ELEMENT_BYTES[dtype];
  span.engine.kernel[dtype].updates[variant](
    span.p + offset,
    span.g + offset,
    span.b + offset,
    n,
    -group.lr,
    weightDecay,
    fresh ? 1 : momentum,
    fresh ? 1 : 1 - group.dampening,
    momentum,
    group.maximize ? -(scale ?? 1) : (scale ?? 1),
    clip ?? 1,
  );
}

/** -0 is what a first step's buffer is added to, because x + -0 is x for every x. */
function fillWithNegativeZero({ engine, dtype, b, n }: Span): void {
  const ArrayType = dtype === "float32" ? Float32Array : Float64Array;
  new ArrayType(engine.memory.buffer, b, n).fill(-0);
}
