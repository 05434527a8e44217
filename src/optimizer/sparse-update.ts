// The step of a parameter whose gradient is sparse: the same rule with the arithmetic of PyTorch's sparse tensors.

import type { Region } from "../memory/region.js";
import type { Parameter } from "../parameter.js";
import { add, type SparseRows } from "../sparse-gradient.js";
import type { GradientOptions } from "./run.js";
import type { Scalars } from "./scalars.js";
import type { ParameterState } from "./state.js";

/** A sparse step, computed but for the additions to dense arrays. */
export interface SparseUpdate {
  scalars: Scalars;
  parameter: Parameter;
  entry: ParameterState;
  /** the momentum buffer, if it is dense */
  dense: Region | null;
  /** what is added: times 1 - dampening to the dense buffer, or else times -lr to the parameter */
  change: SparseRows;
  /** the momentum buffer after the step, if it is sparse */
  buffer: SparseRows | null;
  /** all rows that were made for the step */
  made: SparseRows[];
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
  { scaled, scale, clip }: GradientOptions,
): SparseUpdate {
  const { sign, momentum, undamped, nesterov, weightDecay } = scalars;
  const dense = momentum !== 0 ? entry.buffer : null;
  if (weightDecay !== 0 || (dense && nesterov)) throw unsupported();
  const made: SparseRows[] = [];
  const keep = (rows: SparseRows): SparseRows => {
    made.push(rows);
    return rows;
  };
  try {
    let change = parameter.sparse as SparseRows;
    let buffer: SparseRows | null = null;
    if (scaled || sign < 0) change = keep(change.scaled(sign * scale, clip));
    if (momentum !== 0 && !dense) {
      buffer = keep(before ? keep(before.scaled(momentum)).plus(change, undamped) : change.scaled());
      change = nesterov ? keep(change.plus(buffer, momentum)) : buffer;
    }
    return { scalars, parameter, entry, dense, change, buffer, made };
  } catch (error) {
    for (const rows of made) rows.free();
    throw error;
  }
}

/** Carries out what was prepared. Nothing in it can fail. */
export function applySparse({ scalars, parameter, entry, dense, change, buffer, made }: SparseUpdate): void {
  const { engine, dtype, address, size } = parameter;
  if (dense) {
    engine.kernel[dtype].multiply(dense.address, dense.address, size, scalars.momentum, 1);
    change.addTo(dense.view, scalars.undamped);
    add(parameter, address, dense.address, size, scalars.negativeLr);
  } else {
    change.addTo(parameter.data, scalars.negativeLr);
  }
  if (buffer) entry.replaceRows(buffer);
  for (const rows of made) if (rows !== buffer) rows.free();
}

/** The step does not take place. */
export function dropSparse({ made }: SparseUpdate): void {
  for (const rows of made) rows.free();
}

export function unsupported(): Error {
  return new Error("add(sparse, dense) is not supported. Use add(dense, sparse) instead.");
}
