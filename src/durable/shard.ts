// The Durable Object that holds one slice of the vector.

import { BodyReader } from "./body.js";
import type { ParameterCoordinator } from "./coordinator.js";
import { refusal } from "./error.js";
import { errorResponse, unwrap } from "./outcome.js";
import { persistently } from "./persistently.js";
import { type Bindings, ObjectBase, type ObjectContext, type Stub } from "./platform.js";
import { type Decision, ShardState } from "./shard-state.js";
import { type ShardConfig, ShardStore } from "./shard-store.js";
import { Uploads } from "./uploads.js";

/** What the Worker asks of a shard, as the query of a URL. */
export interface ShardRequest {
  run: string;
  index: string;
  /** `values`, `gradients`, `parameters` or `momentum` */
  what: string;
  step?: string;
  rank?: string;
  worker?: string;
  layout?: string;
}

/** One slice of a run's parameters. Export it from the Worker; the binding is `PARAMETER_SHARD`. */
export class ParameterShard extends ObjectBase {
  readonly #context: ObjectContext;
  readonly #env: Bindings;
  #store!: ShardStore;
  #state!: ShardState;
  #uploads!: Uploads;
  readonly #ranks = new Map<string, number>();
  /** whether all shards of the run have their values */
  #open = false;

  constructor(context: ObjectContext, env: Bindings) {
    super(context, env);
    this.#context = context;
    this.#env = env;
    this.#start();
  }

  /** Forgets everything but what is stored. */
  #start(): void {
    this.#store = new ShardStore(this.#context.storage);
    this.#state = new ShardState(this.#store);
    this.#uploads = new Uploads(this.#state);
    this.#ranks.clear();
    this.#open = false;
  }

  /** Bodies, in and out. @internal */
  async fetch(request: Request): Promise<Response> {
    const query = Object.fromEntries(new URL(request.url).searchParams) as unknown as ShardRequest;
    const body = new BodyReader(request);
    try {
      const response = await this.#serve(query, body);
      await body.drain();
      return response;
    } catch (error) {
      const response = errorResponse(error);
      await body.drain();
      return response;
    }
  }

  /** Whether the first values are there. @internal */
  hasValues(): boolean {
    return this.#store.version >= 0;
  }

  /** The sums of squares that a decision needs, none without clipping; null unless all have pushed. @internal */
  prepare(step: number): number[] | null {
    if (this.#store.version !== step || !this.#store.hasAll()) return null;
    return this.#store.config!.clipped ? this.#state.sumsOfSquares() : [];
  }

  /** @returns the number of steps taken @internal */
  commit(decision: Decision): number {
    this.#state.commit(decision);
    return this.#store.version;
  }

  /** Deletes everything; what is under way ends. @internal */
  async remove(): Promise<void> {
    await this.#store.remove();
    this.#start();
  }

  async #serve(query: ShardRequest, body: BodyReader): Promise<Response> {
    const config = await this.#configured(query.run, Number(query.index));
    const { what, layout } = query;
    if (what === "parameters" || what === "momentum") return this.#read(what, query.step);
    if (layout !== config.layout) throw refusal("layout", `the run has layout ${config.layout}, got ${layout}`);
    if (what === "gradients") return this.#push(query, body);
    await this.#uploads.values(body);
    return Response.json({});
  }

  async #configured(run: string, index: number): Promise<ShardConfig> {
    return this.#store.config ?? this.#store.configure(unwrap(await this.#coordinator(run).shardConfig(index)));
  }

  async #push({ rank, step, worker }: ShardRequest, body: BodyReader): Promise<Response> {
    if ((await this.#rankOf(worker!)) !== Number(rank)) {
      throw refusal("forbidden", `${worker} has not joined as rank ${rank}`);
    }
    const status = await this.#receive(Number(step), Number(rank), body);
    if (status === "received" && this.#store.hasAll()) this.#context.waitUntil(this.#announce(Number(step)));
    return Response.json({ status, step: Number(step) });
  }

  async #receive(step: number, rank: number, body: BodyReader): Promise<"received" | "applied"> {
    await this.#checkOpen();
    const { version } = this.#store;
    if (step < version) return "applied";
    if (step > version) throw refusal("too-early", `the run is at step ${version}, got a push of step ${step}`);
    return this.#uploads.gradient(body, rank);
  }

  async #read(what: "parameters" | "momentum", asked?: string): Promise<Response> {
    await this.#checkOpen();
    const { version } = this.#store;
    const step = asked === undefined ? version : Number(asked);
    const oldest = what === "parameters" ? version - 1 : version;
    if (step > version) throw refusal("too-early", `the run is at step ${version}, step ${step} was asked for`);
    if (step < oldest) throw refusal("gone", `the run is at step ${version}: ${what} of step ${step} are not kept`);
    return new Response(this.#slice(what, step), {
      headers: { step: String(step), "content-type": "application/octet-stream" },
    });
  }

  /** A slice, row by row. Steps may be taken meanwhile: it breaks off when a row is no longer kept. */
  #slice(what: "parameters" | "momentum", step: number): ReadableStream {
    const count = this.#store.config!.rows.length;
    let row = 0;
    return new ReadableStream({
      type: "bytes",
      pull: (controller) => {
        if (row === count) {
          controller.close();
          controller.byobRequest?.respond(0);
          return;
        }
        const data = this.#state[what](row++, step);
        if (!data) throw refusal("gone", `${what} of step ${step} are no longer kept`);
        controller.enqueue(data as Uint8Array<ArrayBuffer>);
      },
    });
  }

  async #checkOpen(): Promise<void> {
    this.#open ||= this.#store.version > 0;
    if (this.#open) return;
    this.#open = this.#store.version === 0 && (await this.#coordinator().isOpen());
    if (!this.#open) throw refusal("too-early", "the run does not have all its first values yet");
  }

  async #rankOf(worker: string): Promise<number | null> {
    const known = this.#ranks.get(worker) ?? (await this.#coordinator().rankOf(worker));
    if (known !== null) this.#ranks.set(worker, known);
    return known;
  }

  /** Tells the coordinator that all have pushed. It asks by itself if it never hears of it. */
  async #announce(step: number): Promise<void> {
    const { index } = this.#store.config!;
    await persistently(() => this.#coordinator().ready(step, index)).catch(() => {});
  }

  #coordinator(run = this.#store.config!.run): Stub<ParameterCoordinator> {
    return this.#env.PARAMETER_COORDINATOR.getByName(run);
  }
}
