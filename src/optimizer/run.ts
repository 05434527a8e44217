// An update: prepared, recorded where it is differentiable, and carried out with one call of the kernel per span.

import { ELEMENT_BYTES } from "../common/dtype.js";
import { FIRST } from "../kernel/flags.js";
import type { ParamGroup } from "./groups.js";
import type { Plan } from "./plan.js";
import type { GradientOptions } from "./scalars.js";
import type { OptimizerState } from "./state.js";
import type { Tape } from "./tape.js";

/**
 * @param tape where what the update reads is recorded; null for an update that is not differentiable
 * @throws what prevents the update, with nothing changed
 */
export function update(
  plan: Plan,
  groups: readonly ParamGroup[],
  state: OptimizerState,
  gradients: GradientOptions,
  tape: Tape | null,
): void {
  plan.prepare(groups, state, gradients);
  if (tape) record(tape, plan, groups, state);
  carryOut(plan, gradients);
}

function record(tape: Tape, plan: Plan, groups: readonly ParamGroup[], state: OptimizerState): void {
  try {
    tape.record(groups, state);
  } catch (error) {
    plan.abandon(state);
    throw error;
  }
}

function carryOut(plan: Plan, gradients: GradientOptions): void {
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
