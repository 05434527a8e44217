// The step of a parameter whose gradient is sparse: the same rule with the arithmetic of PyTorch's sparse tensors.

import type { Region } from "../memory/region.js";
import type { Parameter } from "../parameter.js";
import { PLAIN, type SparseRows } from "../sparse-gradient.js";
import type { GradientOptions } from "./run.js";
import type { Scalars } from "./scalars.js";
import type { ParameterState } from "./state.js";

/** A sparse step, computed but for the last addition to the parameter. */
export interface SparseUpdate {
  scalars: Scalars;
  parameter: Parameter;
  entry: ParameterState;
  /** the parameter's change, to be multiplied by -lr; null where the buffer is dense */
  change: SparseRows | null;
  /** the momentum buffer after the step, if it is sparse */
  buffer: SparseRows | null;
  /** the gradient after scaling, to be added to a dense buffer */
  gradient: SparseRows;
  /** what is only needed until the step is done */
  temporary: SparseRows[];
}

/**
 * @param gradients what happens to the gradient first
 * @param before the buffer that the step finds, if it is sparse
 * @throws Error for what PyTorch cannot do with sparse gradients either: weight decay, and Nesterov on a dense buffer
 */
export function prepareSparse(
  scalars: Scalars,
  parameter: Parameter,
  entry: ParameterState,
  before: SparseRows | null,
  gradients: GradientOptions,
): SparseUpdate {
  if (scalars.weightDecay !== 0 || (entry.buffer !== null && scalars.momentum !== 0 && scalars.nesterov))
    throw unsupported();
  const temporary: SparseRows[] = [];
  try {
    return compute(scalars, parameter, entry, before, gradients, temporary);
  } catch (error) {
    for (const rows of temporary) rows.free();
    throw error;
  }
}

function compute(
  scalars: Scalars,
  parameter: Parameter,
  entry: ParameterState,
  before: SparseRows | null,
  { scale, clip }: GradientOptions,
  temporary: SparseRows[],
): SparseUpdate {
  const keep = (rows: SparseRows): SparseRows => {
    temporary.push(rows);
    return rows;
  };
  const sparse = parameter.sparse as SparseRows;
  const { sign, momentum, undamped, nesterov } = scalars;
  const gradient = sign * scale !== 1 || clip !== 1 ? keep(sparse.scaled(sign * scale, clip)) : sparse;
  const update = { scalars, parameter, entry, gradient, temporary };
  if (momentum === 0) return { ...update, change: gradient, buffer: null };
  if (entry.buffer !== null) return { ...update, change: null, buffer: null };
  const buffer = before ? keep(before.scaled(momentum)).plus(gradient, undamped) : gradient.scaled();
  if (!nesterov) return { ...update, change: buffer, buffer };
  temporary.push(buffer); // until nothing can fail any more
  const change = gradient.plus(buffer, momentum);
  temporary.pop();
  return { ...update, change: keep(change), buffer };
}

/** Carries out what was prepared. Nothing in it can fail. */
export function applySparse({ scalars, parameter, entry, change, buffer, gradient, temporary }: SparseUpdate): void {
  const { engine, dtype, address, size } = parameter;
  if (change) {
    change.addTo(parameter, scalars.negativeLr);
  } else {
    const dense = entry.buffer as Region;
    engine.kernel[dtype].multiply(dense.address, dense.address, size, scalars.momentum, 1);
    gradient.addTo(dense, scalars.undamped);
    engine.kernel[dtype].sgd(PLAIN, address, dense.address, 0, size, scalars.negativeLr, 0, 0, 0, 0, 1, 1);
  }
  if (buffer) entry.replaceRows(buffer);
  for (const rows of temporary) rows.free();
}

/** The step does not take place. */
export function dropSparse({ buffer, temporary }: SparseUpdate): void {
  buffer?.free();
  for (const rows of temporary) rows.free();
}

export function unsupported(): Error {
  return new Error("add(sparse, dense) is not supported. Use add(dense, sparse) instead.");
}
