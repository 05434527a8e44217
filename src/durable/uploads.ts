// Slices that arrive: first values, and gradients.

import { ELEMENT_BYTES } from "../common/dtype.js";
import type { BodyReader } from "./body.js";
import { refusal } from "./error.js";
import { isFiniteRow } from "./resident.js";
import type { ShardState } from "./shard-state.js";
import { type ShardConfig, SLOTS } from "./shard-store.js";

export class Uploads {
  readonly #state: ShardState;
  /** slots in use by uploads under way, by rank */
  readonly #slots = new Map<number, Set<number>>();

  constructor(state: ShardState) {
    this.#state = state;
  }

  /** The first values: those that are complete first stay. */
  async values(body: BodyReader): Promise<void> {
    const { store } = this.#state;
    if (store.version >= 0) return;
    for await (const [row, data] of rowsOf(store.config!, body)) {
      if (store.version >= 0) return;
      store.writeParameters(row, 0, data);
    }
    if (store.version < 0) store.moveTo(0, () => {});
  }

  /** A push of the step under way. Of several of one rank the first that is complete counts. */
  async gradient(body: BodyReader, rank: number): Promise<"received" | "applied"> {
    const { store } = this.#state;
    const step = store.version;
    const slot = store.receivedSlot(rank);
    try {
      await (slot === null ? this.#receive(body, rank) : this.#compare(body, rank, slot));
    } catch (error) {
      // When the step has been taken, it does not matter what the body holds.
      if (store.version === step) throw error;
    }
    return store.version === step ? "received" : "applied";
  }

  async #receive(body: BodyReader, rank: number): Promise<void> {
    const { store, sum } = this.#state;
    const step = store.version;
    const slot = this.#takeSlot(rank);
    const upload = {};
    sum.begin(upload, rank);
    try {
      for await (const [row, data] of rowsOf(store.config!, body)) {
        if (store.version !== step) return;
        store.writeGradient(rank, slot, row, data);
        sum.add(upload, row, data);
      }
      if (store.version === step && this.#complete(rank, slot)) sum.complete(upload);
    } finally {
      sum.end(upload);
      this.#slots.get(rank)?.delete(slot);
    }
  }

  /** Whether this upload is the one that counts; another may have been faster. */
  #complete(rank: number, slot: number): boolean {
    const { store } = this.#state;
    const counting = store.receivedSlot(rank);
    if (counting !== null) {
      if (!store.isSamePush(rank, slot, counting)) throw conflict(rank, store.version);
      return false;
    }
    store.insertReceived(rank, slot);
    // What uploads that broke off have left.
    store.deleteGradientsBut(rank, this.#slots.get(rank)!);
    return true;
  }

  /** A push that is there already. */
  async #compare(body: BodyReader, rank: number, slot: number): Promise<void> {
    const { store } = this.#state;
    const step = store.version;
    for await (const [row, data] of rowsOf(store.config!, body)) {
      if (store.version !== step) return;
      if (!store.hasGradient(rank, slot, row, data)) throw conflict(rank, step);
    }
  }

  #takeSlot(rank: number): number {
    const taken = this.#slots.get(rank) ?? new Set();
    this.#slots.set(rank, taken);
    let slot = 0;
    while (taken.has(slot)) slot++;
    if (slot === SLOTS) throw refusal("overloaded", `${SLOTS} uploads of rank ${rank} are under way`);
    taken.add(slot);
    return slot;
  }
}

/** The rows of a slice, each valid until the next is asked for. @throws on another length, and on NaN and infinities where they are refused */
async function* rowsOf(
  { rows, bytes, rejectNonfinite }: ShardConfig,
  body: BodyReader,
): AsyncGenerator<[row: number, data: Uint8Array<ArrayBuffer>]> {
  let length = 0;
  for (const [index, row] of rows.entries()) {
    const size = row.elements * ELEMENT_BYTES[row.dtype];
    const data = await body.read(size);
    length += data.byteLength;
    if (data.byteLength < size) break;
    if (rejectNonfinite && !isFiniteRow(row, data)) {
      throw refusal("nonfinite", "the slice holds a NaN or an infinity, which this run does not take");
    }
    yield [index, data];
  }
  length += await body.drain();
  if (length !== bytes) throw refusal("length", `the slice has ${bytes} bytes, got ${length}`);
}

function conflict(rank: number, step: number): Error {
  return refusal("conflict", `rank ${rank} has pushed other bytes for step ${step}`);
}
