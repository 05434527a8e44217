// The step of a parameter whose gradient is sparse: the same rule with the arithmetic of PyTorch's sparse tensors.

import { add, type SparseRows } from "../gradient/sparse.js";
import type { Region } from "../memory/region.js";
import type { AnyParameter } from "../parameter.js";
import type { GradientOptions, Scalars } from "./scalars.js";
import type { ParameterState } from "./state.js";

/** A sparse step: `prepare` computes it but for the additions to dense arrays, which are all that `apply` does. */
export class SparseUpdate {
  readonly parameter: AnyParameter;
  readonly entry: ParameterState;
  /** the momentum buffer after the step, if it is sparse */
  buffer: SparseRows | null = null;
  /** what is multiplied by -lr, or goes into a dense buffer */
  #change: SparseRows;
  readonly #scalars: Scalars;
  readonly #dense: Region | null;
  /** rows that the step has made */
  readonly #made: SparseRows[] = [];

  /** @throws Error for what PyTorch cannot do with sparse gradients either: weight decay, and Nesterov on a dense buffer */
  constructor(scalars: Scalars, parameter: AnyParameter, entry: ParameterState) {
    this.parameter = parameter;
    this.entry = entry;
    this.#scalars = scalars;
    this.#change = parameter.sparse as SparseRows;
    this.#dense = scalars.momentum !== 0 ? entry.buffer : null;
    refuseUnsupported(scalars, parameter, this.#dense);
  }

  /**
   * @param gradients what happens to the gradient first
   * @param before the buffer that the step finds, if it is sparse
   * @throws RangeError when there is no memory; nothing is left over then
   */
  prepare({ scale, clip }: GradientOptions, before: SparseRows | null): this {
    const { maximize, momentum, undamped, nesterov } = this.#scalars;
    const factor = maximize ? -scale : scale;
    try {
      if (factor !== 1 || clip !== 1) this.#change = this.#keep(this.#change.scaled(factor, clip));
      if (momentum !== 0 && !this.#dense) {
        const change = this.#change;
        this.buffer = this.#keep(before ? this.#keep(before.scaled(momentum)).plus(change, undamped) : change.scaled());
        this.#change = nesterov ? this.#keep(change.plus(this.buffer, momentum)) : this.buffer;
      }
    } catch (error) {
      this.drop();
      throw error;
    }
    return this;
  }

  /** Carries out what was prepared. Nothing in it can fail. */
  apply(): void {
    const { momentum, undamped, negativeLr } = this.#scalars;
    const { parameter } = this;
    if (this.#dense) {
      const { address, size, view } = this.#dense;
      parameter.engine.kernel[parameter.dtype].multiply(address, address, size, momentum, 1);
      this.#change.addTo(view, undamped);
      add(parameter, parameter.address, address, size, negativeLr);
    } else {
      this.#change.addTo(parameter.data, negativeLr);
    }
    if (this.buffer) this.entry.replaceRows(this.buffer);
    this.drop();
  }

  /** The step does not take place, or has: frees what it has made, but for the buffer that the entry has taken over. */
  drop(): void {
    for (const rows of this.#made) if (rows !== this.entry.rows) rows.free();
  }

  #keep(rows: SparseRows): SparseRows {
    this.#made.push(rows);
    return rows;
  }
}

function refuseUnsupported({ weightDecay, nesterov }: Scalars, { label }: AnyParameter, dense: Region | null): void {
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
}

/** A dense gradient cannot be added to a buffer that sparse ones have made. */
export function refuseSparseBuffer({ label }: AnyParameter): never {
  throw new Error(
    `${label} has a dense gradient, but the momentum buffer of sparse ones: ${WITHOUT_BUFFER}, or assign a sparse gradient`,
  );
}

const WITHOUT_BUFFER = "drop the buffer with optimizer.state.delete(parameter)";
