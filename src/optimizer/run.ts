// A step, carried out: one call of the kernel per span.

import { variantIndex } from "../kernel/variants.js";
import { ARRAY_TYPE, ELEMENT_BYTES } from "../memory/region.js";
import type { ParamGroup } from "./options.js";
import type { Plan, Span } from "./plan.js";
import { applySparse } from "./sparse-update.js";

/**
 * Where gradients are changed on the way in (scaled, clipped, negated) or zeroed after, this many bytes of them are taken at a
 * time: a block stays in the cache, so that memory is still passed over once.
 */
export const BLOCK_BYTES = 16384;

/** What happens to gradients in a step, beyond what the groups say. */
export interface GradientOptions {
  /** they are multiplied by `scale`, then by `clip`; null for not at all */
  scale: number | null;
  clip: number | null;
  /** they are zeroed after */
  zero: boolean;
}

/** A group's options as the kernel takes them. One object for all steps, so that none is made. */
const scalars = {
  negativeLr: 0,
  weightDecay: 0,
  momentum: 0,
  undamped: 0,
  factor: 1,
  scaled: false,
  running: 0,
  first: 0,
};

export function runPlan(plan: Plan, gradients: GradientOptions): void {
  let group: ParamGroup | undefined;
  for (let i = 0; i < plan.count; i++) {
    const span = plan.spans[i];
    if (span.group !== group) {
      group = span.group;
      readScalars(group, gradients);
    }
    if (span.fresh) fillWithNegativeZero(span);
    if (scalars.scaled || gradients.zero) runInBlocks(span, gradients);
    else update(span, span.p, span.g, span.b, span.n);
  }
  for (const sparse of plan.sparse) {
    applySparse(sparse);
    if (gradients.zero) sparse.parameter.zeroGrad();
  }
}

function readScalars(group: ParamGroup, { scale, clip }: GradientOptions): void {
  const momentum = Number(group.momentum);
  const undamped = 1 - Number(group.dampening);
  const nesterov = Boolean(group.nesterov);
  scalars.negativeLr = -Number(group.lr);
  scalars.weightDecay = Number(group.weightDecay);
  scalars.momentum = momentum;
  scalars.undamped = undamped;
  scalars.factor = (group.maximize ? -1 : 1) * (scale ?? 1);
  scalars.scaled = Boolean(group.maximize) || scale !== null || clip !== null;
  const decay = scalars.weightDecay !== 0;
  scalars.running = variantIndex(momentum !== 0, nesterov, undamped !== 1, decay);
  scalars.first = variantIndex(true, nesterov, false, decay);
}

function update(span: Span, p: number, g: number, b: number, n: number): void {
  const { kernel } = span.engine;
  const { sgd } = span.dtype === "float32" ? kernel.float32 : kernel.float64;
  const { negativeLr, weightDecay, momentum, undamped } = scalars;
  const { fresh } = span;
  const variant = fresh ? scalars.first : scalars.running;
  sgd(variant, p, g, b, n, negativeLr, weightDecay, fresh ? 1 : momentum, undamped, momentum);
}

function runInBlocks(span: Span, { clip, zero }: GradientOptions): void {
  const { engine, dtype, p, g, b, n } = span;
  const { kernel, scratch } = engine;
  const bytes = ELEMENT_BYTES[dtype];
  const block = BLOCK_BYTES / bytes;
  for (let start = 0; start < n; start += block) {
    const offset = start * bytes;
    const count = Math.min(block, n - start);
    if (scalars.scaled) kernel[dtype].multiply(scratch, g + offset, count, scalars.factor, clip ?? 1);
    update(span, p + offset, scalars.scaled ? scratch : g + offset, b + offset, count);
    if (zero) kernel.zero(g + offset, count * bytes);
  }
}

/** -0 is what a first step's buffer is added to, because x + -0 is x for every x. */
function fillWithNegativeZero({ engine, dtype, b, n }: Span): void {
  new ARRAY_TYPE[dtype](engine.memory.buffer, b, n).fill(-0);
}
