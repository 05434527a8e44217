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
  const { label } = parameter;
  if (weightDecay !== 0) {
    throw new Error(
      `${label} has a sparse gradient, and its group a weightDecay of ${weightDecay}, which would change every row: put it in a ` +
        "group with weightDecay: 0, or assign a dense gradient",
    );
  }
  if (dense && nesterov) {
    throw new Error(
      `${label} has a sparse gradient and a dense momentum buffer, which nesterov cannot combine: ${WITHOUT_BUFFER}, set ` +
        "nesterov: false in its group, or assign a dense gradient",
    );
  }
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

/** A dense gradient cannot be added to a buffer that sparse ones have made. */
export function refuseSparseBuffer({ label }: AnyParameter): never {
  throw new Error(
    `${label} has a dense gradient, but the momentum buffer of sparse ones: ${WITHOUT_BUFFER}, or assign a sparse gradient`,
  );
}

const WITHOUT_BUFFER = "drop the buffer with optimizer.state.delete(parameter)";
