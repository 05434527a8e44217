// The sum of the gradients of the step under way, in the order of rank.

import type { Resident } from "./resident.js";
import type { ShardStore } from "./shard-store.js";

/**
 * Gradients are added as they arrive, as long as they arrive in the order of rank and one at a time. It is a cache: whatever is missing or
 * in doubt is added from the rows of the complete pushes.
 */
export class GradientSum {
  readonly #store: ShardStore;
  readonly #resident: () => Resident;
  /** ranks below this are in the sum, whole */
  #added = 0;
  /** the upload of rank `#added` that is added row by row */
  #adding: object | null = null;

  constructor(store: ShardStore, resident: () => Resident) {
    this.#store = store;
    this.#resident = resident;
  }

  /** An upload of a rank begins. */
  begin(upload: object, rank: number): void {
    if (this.#adding === null && rank === this.#added) this.#adding = upload;
  }

  add(upload: object, row: number, gradient: Uint8Array<ArrayBuffer>): void {
    if (this.#adding === upload) this.#resident().add(row, gradient, this.#added === 0);
  }

  /** The upload counts. */
  complete(upload: object): void {
    if (this.#adding !== upload) return;
    this.#added++;
    this.#adding = null;
  }

  /** The upload ends, complete or not. */
  end(upload: object): void {
    if (this.#adding === upload) this.reset();
  }

  /** Adds what is missing of the pushes of all ranks. */
  finish(): void {
    if (this.#adding) this.reset();
    const { rows, workers } = this.#store.config!;
    for (; this.#added < workers; this.#added++) {
      const rank = this.#added;
      const slot = this.#store.receivedSlot(rank)!;
      rows.forEach((_, row) => {
        this.#resident().add(row, this.#store.readGradient(rank, slot, row), rank === 0);
      });
    }
  }

  /** Nothing is in the sum. */
  reset(): void {
    this.#added = 0;
    this.#adding = null;
  }
}
