// A shard: its rows, what of them is in memory, and the steps that it takes.

import { GradientSum } from "./gradient-sum.js";
import { Resident } from "./resident.js";
import type { ShardStore } from "./shard-store.js";

/** What the coordinator has decided of a step; the same for all shards. */
export interface Decision {
  step: number;
  /** learning rates by group */
  lr: number[];
  /** what the scaled gradient is multiplied by */
  clip: number;
}

export class ShardState {
  readonly store: ShardStore;
  readonly sum: GradientSum;
  #resident: Resident | null = null;
  /** sums of squares of the step under way */
  #squares: number[] | null = null;

  constructor(store: ShardStore) {
    this.store = store;
    this.sum = new GradientSum(store, () => this.resident);
  }

  /** The rows in memory: read back when they are not there yet, or no more. */
  get resident(): Resident {
    this.#resident ??= this.#recover();
    return this.#resident;
  }

  /** A copy of a row's parameters at the present version or the one before; null for others. */
  parameters(row: number, version: number): Uint8Array | null {
    const { store } = this;
    if (version === store.version) return this.resident.parameters(row).slice();
    return version === store.version - 1 ? store.readParameters(row, version) : null;
  }

  /** A copy of a row's momentum at the present version, zeros where it has none; null for other versions. */
  momentum(row: number, version: number): Uint8Array | null {
    if (version !== this.store.version) return null;
    return this.resident.momentum(row)?.slice() ?? new Uint8Array(this.resident.parameters(row).byteLength);
  }

  /** The sums of squares of the blocks of the reduced gradient. */
  sumsOfSquares(): number[] {
    this.sum.finish();
    this.#squares ??= this.resident.sumsOfSquares(this.store.config!.scale);
    return this.#squares;
  }

  /** Takes the step of the decision, whole or not at all, once. */
  commit({ step, lr, clip }: Decision): void {
    const { store } = this;
    if (store.version !== step) return;
    const { rows, scale } = store.config!;
    try {
      this.sum.finish();
      this.resident.step(lr, scale, clip);
      store.moveTo(step + 1, () => {
        for (let row = 0; row < rows.length; row++) this.#write(row, step + 1);
      });
    } catch (error) {
      // Memory may be ahead of the rows.
      this.#resident = null;
      throw error;
    } finally {
      this.sum.reset();
      this.#squares = null;
    }
  }

  #write(row: number, version: number): void {
    this.store.writeParameters(row, version, this.resident.parameters(row));
    const momentum = this.resident.momentum(row);
    if (momentum) this.store.writeMomentum(row, momentum);
  }

  #recover(): Resident {
    const { store } = this;
    const resident = new Resident(store.config!);
    store.config!.rows.forEach((_, row) => {
      resident.load(row, store.readParameters(row, store.version), store.readMomentum(row));
    });
    return resident;
  }
}
