// The steps of a run: each is decided once, durably, and then carried out by every shard, however often it takes.

import { clipCoefficient, normOfSums } from "../gradient/norm.js";
import { groupsAt } from "./config.js";
import type { CoordinatorStore } from "./coordinator-store.js";
import { sumsOfTensors } from "./layout.js";
import { persistently } from "./persistently.js";
import type { ObjectStorage, Stub } from "./platform.js";
import type { ParameterShard } from "./shard.js";
import type { Decision } from "./shard-state.js";

/** How long a decision or a deletion may stay unfinished before the object looks after it without being asked. */
export const LOOK_AFTER_MS = 10_000;
/** Asking all shards again costs a call to each. */
const ASK_AGAIN_MS = 1_000;

export class Steps {
  readonly #storage: ObjectStorage;
  readonly #store: CoordinatorStore;
  /** a stub of each shard, taken anew for every call: one that has seen an exception is broken */
  readonly #shards: () => (() => Stub<ParameterShard>)[];
  /** the latest step that a shard has all pushes for, by its index */
  readonly #ready = new Map<number, number>();
  #asked = Number.NEGATIVE_INFINITY;
  #going: Promise<void> | null = null;
  #again = false;
  readonly #waiting = new Set<() => void>();
  #ended = false;

  constructor(storage: ObjectStorage, store: CoordinatorStore, shards: () => (() => Stub<ParameterShard>)[]) {
    this.#storage = storage;
    this.#store = store;
    this.#shards = shards;
  }

  /** A shard has all pushes of a step. */
  async ready(step: number, index: number): Promise<void> {
    this.#ready.set(index, step);
    // An instance that has just started knows nothing of what others had been told.
    if (this.#allReady() || this.#asked === Number.NEGATIVE_INFINITY) await this.advance();
  }

  /** Takes this step, if it is the one under way, and waits until it is taken, or for so many milliseconds. */
  async take(step: number, milliseconds: number): Promise<void> {
    if (this.#store.step !== step) return;
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#waiting.add(end);
    const timer = setTimeout(end, milliseconds);
    // What fails is tried again by the next who asks.
    const asked = this.#store.open || Date.now() - this.#asked > ASK_AGAIN_MS ? this.advance() : null;
    asked?.catch(() => {});
    await ended;
    // A timer would keep the object awake.
    clearTimeout(timer);
    this.#waiting.delete(end);
  }

  /** Goes on as far as possible now. One call at a time does; one that comes meanwhile makes it look again. */
  advance(): Promise<void> {
    this.#again = true;
    this.#going ??= this.#go().finally(() => {
      this.#going = null;
    });
    return this.#going;
  }

  /** No more steps are taken, and nobody waits for one. */
  end(): void {
    this.#ended = true;
    for (const end of this.#waiting) end();
  }

  async #go(): Promise<void> {
    while (this.#again && !this.#ended) {
      this.#again = false;
      const decision = this.#store.open ?? (await this.#decide());
      if (!decision) continue;
      await this.#carryOut(decision);
      this.#again ||= !this.#ended && this.#allReady();
    }
  }

  /** The decision of the step under way, or null while a shard lacks a push. */
  async #decide(): Promise<Decision | null> {
    const { step, run } = this.#store;
    this.#asked = Date.now();
    const squares = await this.#forEach((shard) => shard.prepare(step));
    squares.forEach((sums, index) => {
      if (sums) this.#ready.set(index, step);
    });
    if (this.#ended || squares.includes(null)) return null;
    const lr = groupsAt(step, run!.groups).map((group) => group.lr);
    const decision = { step, lr, clip: this.#clip(squares.flat() as number[]) };
    // One write: there is no decision that nothing looks after.
    this.#store.decide(decision);
    await this.#storage.setAlarm(Date.now() + LOOK_AFTER_MS);
    await this.#storage.sync();
    return decision;
  }

  async #carryOut(decision: Decision): Promise<void> {
    const steps = await this.#forEach((shard) => shard.commit(decision));
    if (steps.some((step) => step <= decision.step)) throw new Error(`a shard is behind step ${decision.step}`);
    if (this.#ended) return;
    this.#store.close();
    for (const end of this.#waiting) end();
  }

  /** An alarm goes off: nobody may be waiting for what has been decided. */
  async lookAfter(): Promise<void> {
    if (!this.#store.open) return;
    await this.advance().catch(() => {});
    if (this.#store.open) await this.#storage.setAlarm(Date.now() + LOOK_AFTER_MS);
  }

  /** The coefficient that `clipGradNorm` would have for all tensors. */
  #clip(squares: readonly number[]): number {
    const { maxGradNorm, parameters } = this.#store.run!;
    if (maxGradNorm === null) return 1;
    const sums = sumsOfTensors(
      squares,
      parameters.map(({ shape }) => shape),
    );
    return clipCoefficient(parameters, normOfSums(sums, parameters), maxGradNorm);
  }

  #allReady(): boolean {
    const { step } = this.#store;
    return this.#shards().every((_, index) => (this.#ready.get(index) ?? -1) >= step);
  }

  #forEach<T>(call: (shard: Stub<ParameterShard>) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#shards().map((stub) => persistently(() => call(stub()))));
  }
}
