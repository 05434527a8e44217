// The Durable Object that knows a run: what it is, who takes part, and which step is next.

import { checkConfig, groupsAt, isSameRun, type RunConfig, scaleOf, shapesOf } from "./config.js";
import { CoordinatorStore, type StoredRun } from "./coordinator-store.js";
import { refusal } from "./error.js";
import { layoutOf, type ShardLayout } from "./layout.js";
import { shardName } from "./names.js";
import { type Outcome, outcomeOf } from "./outcome.js";
import { persistently } from "./persistently.js";
import { type Bindings, ObjectBase, type ObjectContext, type Stub } from "./platform.js";
import type { ParameterShard } from "./shard.js";
import type { ShardConfig } from "./shard-store.js";
import type { JoinResult, RunStatus } from "./status.js";
import { LOOK_AFTER_MS, Steps } from "./steps.js";

/** How long an answer may wait for a step. */
const WAIT_MS = 9_000;

/** A run: its members, and the decision of every step. Export it from the Worker; the binding is `PARAMETER_COORDINATOR`. */
export class ParameterCoordinator extends ObjectBase {
  readonly #context: ObjectContext;
  readonly #env: Bindings;
  #store!: CoordinatorStore;
  #steps!: Steps;
  #shards: ShardLayout[] | null = null;
  #layout: string | null = null;
  /** shards that are known to have their first values */
  readonly #withValues = new Set<number>();
  #removing: Promise<void> | null = null;

  constructor(context: ObjectContext, env: Bindings) {
    super(context, env);
    this.#context = context;
    this.#env = env;
    this.#start();
  }

  /** Forgets everything but what is stored. */
  #start(): void {
    const { storage } = this.#context;
    this.#store = new CoordinatorStore(storage);
    this.#steps = new Steps(storage, this.#store, () => this.#stubs());
    this.#shards = this.#layout = this.#removing = null;
    this.#withValues.clear();
  }

  /** Makes the run, unless it is there already with the same shapes and options. @internal */
  create(run: string, config: unknown): Promise<Outcome<RunStatus>> {
    return outcomeOf(() => {
      const checked = checkedRun(config);
      const known = this.#store.run;
      if (this.#store.removing) throw refusal("overloaded", `the run ${run} is being deleted: ask again`);
      if (known && !isSameRun(known, checked)) throw refusal("conflict", `the run ${run} is there with other options`);
      if (!known) this.#store.create({ ...checked, run });
      return this.#status();
    });
  }

  /** Deletes the run, where there is one, and all that it has stored. @internal */
  remove(): Promise<Outcome<object>> {
    return outcomeOf(async () => {
      await this.#remove();
      return {};
    });
  }

  /** @internal */
  status(): Promise<Outcome<RunStatus>> {
    return outcomeOf(() => this.#status());
  }

  /** Gives a worker the lowest free rank, or the one that it has. @internal */
  join(worker: string): Promise<Outcome<JoinResult>> {
    return outcomeOf(() => {
      const { workers } = this.#run();
      const { members, step } = this.#store;
      const known = members.find((member) => member.worker === worker);
      if (known) return { rank: known.rank, step };
      // Ranks are given in order and for good.
      const rank = members.length;
      if (rank === workers) throw refusal("full", `all ${workers} ranks are taken`);
      this.#store.addMember({ rank, worker });
      return { rank, step };
    });
  }

  /** Takes this step if it is the one under way, and waits for it. @internal */
  takeStep(step: number): Promise<Outcome<RunStatus>> {
    return outcomeOf(async () => {
      this.#run();
      await this.#steps.take(step, WAIT_MS);
      return this.#status();
    });
  }

  /** What shard `index` has to know. @internal */
  shardConfig(index: number): Promise<Outcome<ShardConfig>> {
    return outcomeOf(async () => {
      const run = this.#run();
      const shards = this.#cut();
      if (!(index in shards)) throw refusal("unknown", `the run ${run.run} has ${shards.length} shards`);
      return shardConfig(run, await this.#hash(), index, shards[index]);
    });
  }

  /** @internal */
  rankOf(worker: string): number | null {
    return this.#store.members.find((member) => member.worker === worker)?.rank ?? null;
  }

  /** Whether all shards have their first values. @internal */
  async isOpen(): Promise<boolean> {
    const answers = this.#stubs().map(async (stub, index) => {
      if (!this.#withValues.has(index) && (await stub().hasValues())) this.#withValues.add(index);
      return this.#withValues.has(index);
    });
    return (await Promise.all(answers)).every(Boolean);
  }

  /** A shard has all pushes of a step. @internal */
  ready(step: number, index: number): void {
    this.#context.waitUntil(this.#steps.ready(step, index).catch(() => {}));
  }

  /** @internal */
  async alarm(): Promise<void> {
    if (this.#store.removing) await this.#remove().catch(() => this.#lookAfter());
    else if (this.#store.run) await this.#steps.lookAfter();
  }

  async #remove(): Promise<void> {
    if (!this.#store.run) return;
    this.#removing ??= this.#removeAll().finally(() => {
      this.#removing = null;
    });
    await this.#removing;
  }

  /** The shards first: as long as one has something left, this object knows of it. */
  async #removeAll(): Promise<void> {
    const { storage } = this.#context;
    this.#store.startRemoval();
    this.#steps.end();
    await this.#lookAfter();
    await storage.sync();
    await Promise.all(this.#stubs().map((stub) => persistently(() => stub().remove())));
    await storage.deleteAlarm();
    await storage.deleteAll();
    this.#start();
  }

  #lookAfter(): Promise<void> {
    return this.#context.storage.setAlarm(Date.now() + LOOK_AFTER_MS);
  }

  async #status(): Promise<RunStatus> {
    const { workers, parameters, groups, rejectNonfinite } = this.#run();
    const layout = await this.#hash();
    const { step, members } = this.#store;
    return {
      step,
      workers,
      members,
      layout,
      parameters,
      shards: this.#cut().map(({ elements, bytes }) => ({ elements, bytes })),
      groups: groupsAt(step, groups),
      rejectNonfinite,
    };
  }

  #cut(): ShardLayout[] {
    this.#shards ??= layoutOf(this.#store.run!);
    return this.#shards;
  }

  async #hash(): Promise<string> {
    this.#layout ??= await hashOf(this.#run());
    return this.#layout;
  }

  #run(): StoredRun {
    const { run, removing } = this.#store;
    if (!run || removing) throw refusal("unknown", "there is no such run");
    return run;
  }

  #stubs(): (() => Stub<ParameterShard>)[] {
    const { run } = this.#store.run!;
    return this.#cut().map((_, index) => () => this.#env.PARAMETER_SHARD.getByName(shardName(run, index)));
  }
}

function checkedRun(config: unknown): RunConfig {
  try {
    checkConfig(config);
    return config;
  } catch (error) {
    throw refusal("invalid", (error as Error).message);
  }
}

async function hashOf({ parameters }: RunConfig): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(shapesOf(parameters)));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function shardConfig(run: StoredRun, layout: string, index: number, { bytes, rows }: ShardLayout): ShardConfig {
  return {
    run: run.run,
    index,
    layout,
    bytes,
    rows,
    groups: run.groups.map(({ momentum, dampening, weight_decay: weightDecay, nesterov, maximize }) => {
      return { momentum, dampening, weightDecay, nesterov, maximize };
    }),
    workers: run.workers,
    scale: scaleOf(run),
    clipped: run.maxGradNorm !== null,
    rounding: run.rounding,
    rejectNonfinite: run.rejectNonfinite,
  };
}
