// The step of a parameter whose gradient is sparse: the same rule with the arithmetic of PyTorch's sparse tensors.

import { add, type SparseRows } from "../gradient/sparse.js";
import type { AnyParameter } from "../parameter.js";
import type { GradientOptions, Scalars } from "./scalars.js";
import type { ParameterState } from "./state.js";

/** A sparse step, computed but for the additions to dense arrays. */
export interface SparseUpdate {
  parameter: AnyParameter;
  entry: ParameterState;
  /** the momentum buffer after the step, if it is sparse */
  buffer: SparseRows | null;
  /** Carries out what was prepared. Nothing in it can fail. */
  apply(): void;
  /** The step does not take place. */
  drop(): void;
}

/**
 * @param gradients what happens to the gradient first
 * @param before the buffer that the step finds, if it is sparse
 * @throws Error for what PyTorch cannot do with sparse gradients either: weight decay, and Nesterov on a dense buffer
 */
export function prepareSparse(
  { maximize, momentum, undamped, nesterov, weightDecay, negativeLr }: Scalars,
  parameter: AnyParameter,
  entry: ParameterState,
  before: SparseRows | null,
  { scale, clip }: GradientOptions,
): SparseUpdate {
  const dense = momentum !== 0 ? entry.buffer : null;
  if (weightDecay !== 0 || (dense && nesterov)) throw unsupported();
  const made: SparseRows[] = [];
  const keep = (rows: SparseRows): SparseRows => {
    made.push(rows);
    return rows;
  };
  // All but the buffer, once the entry has taken it over.
  const drop = () => {
    for (const rows of made) if (rows !== entry.rows) rows.free();
  };
  const factor = maximize ? -scale : scale;
  let change = parameter.sparse as SparseRows;
  let buffer: SparseRows | null = null;
  try {
    if (factor !== 1 || clip !== 1) change = keep(change.scaled(factor, clip));
    if (momentum !== 0 && !dense) {
      buffer = keep(before ? keep(before.scaled(momentum)).plus(change, undamped) : change.scaled());
      change = nesterov ? keep(change.plus(buffer, momentum)) : buffer;
    }
  } catch (error) {
    drop();
    throw error;
  }
  const apply = () => {
    if (dense) {
      const { engine, dtype, address, size } = parameter;
      engine.kernel[dtype].multiply(dense.address, dense.address, size, momentum, 1);
      change.addTo(dense.view, undamped);
      add(parameter, address, dense.address, size, negativeLr);
    } else {
      change.addTo(parameter.data, negativeLr);
    }
    if (buffer) entry.replaceRows(buffer);
    drop();
  };
  return { parameter, entry, buffer, apply, drop };
}

export function unsupported(): Error {
  return new Error("add(sparse, dense) is not supported. Use add(dense, sparse) instead.");
}
