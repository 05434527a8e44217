// A step, carried out: one call of the kernel per span.

import type { BlockStep } from "../kernel/passes.js";
import { variantIndex } from "../kernel/variants.js";
import { ARRAY_TYPE, ELEMENT_BYTES } from "../memory/region.js";
import type { ParamGroup } from "./options.js";
import type { Plan, Span } from "./plan.js";
import { applySparse } from "./sparse-update.js";

/** What happens to gradients in a step, beyond what the groups say. */
export interface GradientOptions {
  /** they are multiplied by `scale`, then by `clip`; null for not at all */
  scale: number | null;
  clip: number | null;
  /** they are zeroed after */
  zero: boolean;
}

/** A group's options as the kernel takes them. */
interface Scalars {
  negativeLr: number;
  weightDecay: number;
  momentum: number;
  undamped: number;
  /** the first factor of gradients; null where they are taken as they are */
  factor: number | null;
  /** variants for running momentum and for first steps */
  running: number;
  first: number;
}

/** One object for all steps, so that none is made. */
const scalars: Scalars = {
  negativeLr: 0,
  weightDecay: 0,
  momentum: 0,
  undamped: 0,
  factor: null,
  running: 0,
  first: 0,
};

export function runPlan(plan: Plan, gradients: GradientOptions): void {
  try {
    updateAll(plan, gradients);
  } finally {
    plan.settle();
  }
}

function updateAll(plan: Plan, gradients: GradientOptions): void {
  const zeroAtOnce = gradients.zero && !plan.hasDuplicates;
  let group: ParamGroup | undefined;
  for (let i = 0; i < plan.count; i++) {
    const span = plan.spans[i];
    if (span.group !== group) {
      group = span.group;
      readScalars(group, gradients);
    }
    if (span.fresh) fillWithNegativeZero(span);
    if (scalars.factor !== null || zeroAtOnce) runInBlocks(span, gradients.clip, zeroAtOnce);
    else update(span);
  }
  for (let i = 0; i < plan.sparse.length; i++) {
    applySparse(plan.sparse[i]);
  }
  if (gradients.zero) zeroTheRest(plan, zeroAtOnce);
}

/** A gradient that is used twice, or is sparse, is zeroed when all is done. */
function zeroTheRest(plan: Plan, densesAreZero: boolean): void {
  for (const { parameter } of plan.sparse) parameter.zeroGrad();
  if (densesAreZero) return;
  for (let i = 0; i < plan.count; i++) {
    const { engine, dtype, g, n } = plan.spans[i];
    engine.kernel.zero(g, n * ELEMENT_BYTES[dtype]);
  }
}

function readScalars(group: ParamGroup, { scale, clip }: GradientOptions): void {
  const { nesterov, maximize } = group;
  // Numbers, or booleans that stand for 0 and 1: the plan has seen to that.
  const momentum = +group.momentum;
  const weightDecay = +group.weightDecay;
  const undamped = 1 - group.dampening;
  const decay = weightDecay !== 0;
  scalars.negativeLr = -group.lr;
  scalars.weightDecay = weightDecay;
  scalars.momentum = momentum;
  scalars.undamped = undamped;
  scalars.factor = maximize || scale !== null || clip !== null ? (maximize ? -1 : 1) * (scale ?? 1) : null;
  scalars.running = variantIndex(momentum !== 0, Boolean(nesterov), undamped !== 1, decay);
  scalars.first = variantIndex(true, Boolean(nesterov), false, decay);
}

function update(span: Span): void {
  const { kernel } = span.engine;
  const { sgd } = span.dtype === "float32" ? kernel.float32 : kernel.float64;
  const { p, g, b, n } = span;
  const { negativeLr, weightDecay, momentum, undamped } = scalars;
  if (span.fresh) sgd(scalars.first, p, g, b, n, negativeLr, weightDecay, 1, 1, momentum);
  else sgd(scalars.running, p, g, b, n, negativeLr, weightDecay, momentum, undamped, momentum);
}

/** One object for all steps, as `scalars`. */
const blockStep: BlockStep = {
  variant: 0,
  p: 0,
  g: 0,
  b: 0,
  n: 0,
  negativeLr: 0,
  weightDecay: 0,
  retain: 0,
  undamped: 0,
  lookahead: 0,
  scratch: 0,
  factor: 1,
  clip: 1,
  zero: false,
};

function runInBlocks({ engine, dtype, fresh, p, g, b, n }: Span, clip: number | null, zero: boolean): void {
  blockStep.variant = fresh ? scalars.first : scalars.running;
  blockStep.p = p;
  blockStep.g = g;
  blockStep.b = b;
  blockStep.n = n;
  blockStep.negativeLr = scalars.negativeLr;
  blockStep.weightDecay = scalars.weightDecay;
  blockStep.retain = fresh ? 1 : scalars.momentum;
  blockStep.undamped = fresh ? 1 : scalars.undamped;
  blockStep.lookahead = scalars.momentum;
  blockStep.scratch = scalars.factor === null ? 0 : engine.scratch;
  blockStep.factor = scalars.factor ?? 1;
  blockStep.clip = clip ?? 1;
  blockStep.zero = zero;
  engine.kernel[dtype].stepInBlocks(blockStep);
}

/** -0 is what a first step's buffer is added to, because x + -0 is x for every x. */
function fillWithNegativeZero({ engine, dtype, b, n }: Span): void {
  new ARRAY_TYPE[dtype](engine.memory.buffer, b, n).fill(-0);
}
