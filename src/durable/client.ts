// A worker's side of a parameter server.

import { checkInteger, checkKeys, checkOneOf } from "../common/checks.js";
import type { FloatArray } from "../common/dtype.js";
import { present, summaryOf } from "../common/present.js";
import type { StateDict } from "../common/tensor-data.js";
import type { Params } from "../optimizer/groups.js";
import { checkedOptions, type ParameterClientOptions } from "./client-options.js";
import { describeRun, parametersInOrder, type RunOptions, type RunParams } from "./describe.js";
import { ParameterServerError } from "./error.js";
import { fromJson, toJson } from "./json.js";
import type { JoinResult, PushResult, RunStatus } from "./status.js";
import { type Answer, type Outgoing, Transport } from "./transport.js";
import { checkFinite, checkLayout, gradientsOf, joined, slicesOf, tensorsOf } from "./vector.js";

/** Options of `push`. */
export interface PushOptions {
  /** the step that the gradient is for */
  step: number;
  /**
   * where other bytes were pushed for this step: `"throw"` (default), or `"keep"`: slices that are there stay, the others are taken from this
   * gradient
   */
  conflict?: "throw" | "keep";
}

const STEP_MOST = Number.MAX_SAFE_INTEGER;
/** Between looks at a run whose first values are on their way. */
const LOOK_MS = 200;

/**
 * What creates, reads and trains a run of a parameter server. Requests that get no answer, 429 or 5xx are sent again.
 *
 * @example
 * ```js
 * const client = new ParameterClient({ url: "https://train.example", run: "mnist", token });
 * const { rank } = await client.join();
 * for (let step = await client.pull(params); step < 1000; step = await client.next(step)) {
 *   await client.pull(params, { step });
 *   computeGradients(params, rank);
 *   await client.push(params, { step });
 * }
 * ```
 */
export class ParameterClient {
  readonly #transport: Transport;
  readonly #path: string;
  /** of the run: what of it never changes is read here */
  #known: RunStatus | null = null;
  #rank: number | null = null;

  constructor(options: ParameterClientOptions) {
    const { run, ...transport } = checkedOptions(options);
    this.#transport = new Transport(transport);
    this.#path = `/runs/${encodeURIComponent(run)}`;
    present(this, [], () => summaryOf("ParameterClient", { url: transport.url, run, rank: this.#rank }));
  }

  /**
   * Makes the run, with the values of `params` as its first. It may be repeated: where the run is there with the same shapes and options, values that
   * are there stay. Needs the role `admin`.
   *
   * @throws TypeError, RangeError for options, as `SGD` does, before anything is sent; ParameterServerError `conflict` for a run with others
   */
  async create(params: RunParams, options: RunOptions): Promise<RunStatus> {
    const { config, parameters } = describeRun(params, options);
    const values = parameters.map(({ data }) => data as FloatArray);
    if (config.rejectNonfinite) checkFinite("the value of", values, parameters);
    const vector = joined(values);
    const status = await this.#status({ method: "PUT", body: toJson(config) });
    await Promise.all(
      slicesOf(vector, status.shards).map((body, shard) =>
        this.#json({ method: "PUT", path: `/shards/${shard}/parameters`, headers: headersOf(status), body }),
      ),
    );
    return status;
  }

  /** What the run is, and where it stands. Needs the role `reader`. */
  status(): Promise<RunStatus> {
    return this.#status({ method: "GET" });
  }

  /**
   * Deletes the run and all that it has stored, for good. A run that is not there is no error, so it may be repeated. Needs the role `admin`.
   */
  async delete(): Promise<void> {
    await this.#json({ method: "DELETE", path: "" });
    this.#forget();
  }

  /** The rank of the token's worker, which it keeps for good. @throws ParameterServerError `full` when all are taken */
  async join(): Promise<JoinResult> {
    const joined = await this.#json<JoinResult>({ method: "POST", path: "/members" });
    this.#rank = joined.rank;
    return joined;
  }

  /**
   * Writes the values of one step into `parameter.data`, when all of them are there: of the newest step, or of `step`, which is waited for. The
   * step before the present one is kept as well.
   *
   * @returns the step that the values have
   * @throws ParameterServerError `gone` for older steps, `layout` for parameters of other shapes
   */
  async pull(params: Params, options: { step?: number } = {}): Promise<number> {
    checkKeys(options, ["step"], "pull");
    const { step } = options;
    if (step !== undefined) checkInteger("step", step, STEP_MOST);
    const parameters = parametersInOrder(params);
    checkLayout(parameters, (await this.#run()).parameters);
    for (;;) {
      const wanted = step ?? (await this.status()).step;
      const vector = await this.#readAll("parameters", wanted).catch((error) => refusedAs(error, "gone", "too-early"));
      if (vector instanceof Uint8Array) {
        const values = tensorsOf(vector, parameters as never);
        parameters.forEach((parameter, i) => {
          parameter.data.set(values[i]);
        });
        return wanted;
      }
      if (vector.code === "too-early") await this.#waitFor(wanted);
      else if (step !== undefined) throw vector;
    }
  }

  /**
   * Sends `parameter.grad` of all parameters, as it is now, until every shard has acknowledged it. Joins first where that was not done. It may be
   * repeated with the same bytes.
   *
   * @throws TypeError for a parameter without a dense gradient; ParameterServerError `nonfinite`, `too-early` for a future step, `conflict`
   */
  async push(params: Params, options: PushOptions): Promise<PushResult> {
    checkKeys(options, ["step", "conflict"], "push");
    const { step, conflict = "throw" } = options;
    checkInteger("step", step, STEP_MOST);
    checkOneOf("conflict", conflict, ["throw", "keep"]);
    const parameters = parametersInOrder(params);
    const vector = joined(gradientsOf(parameters));
    const run = await this.#run();
    checkLayout(parameters, run.parameters);
    if (run.rejectNonfinite) checkFinite("the gradient of", tensorsOf(vector, run.parameters), parameters);
    const rank = this.#rank ?? (await this.join()).rank;
    const results = await Promise.all(
      slicesOf(vector, run.shards).map((body, shard) => {
        const path = `/shards/${shard}/gradients?step=${step}&rank=${rank}`;
        const sent = this.#json<PushResult>({ method: "PUT", path, headers: headersOf(run), body });
        return conflict === "keep" ? sent.catch((error) => kept(error, step)) : sent;
      }),
    );
    return { status: results.every(({ status }) => status === "applied") ? "applied" : "received", step };
  }

  /** Waits until the run is beyond a step. @returns the step that it is at */
  async next(step: number): Promise<number> {
    checkInteger("step", step, STEP_MOST);
    let at = await this.#take(step);
    while (at <= step) at = await this.#take(at);
    return at;
  }

  /**
   * What `SGD.stateDict()` of one machine would be at the newest step, for `SGD.loadStateDict()`.
   *
   * @param options step: of this step, if it is the newest
   * @throws ParameterServerError `gone` for an older step, `too-early` for a future one
   */
  async stateDict(options: { step?: number } = {}): Promise<StateDict> {
    checkKeys(options, ["step"], "stateDict");
    const { step } = options;
    if (step !== undefined) checkInteger("step", step, STEP_MOST);
    for (;;) {
      const status = await this.status();
      if (step !== undefined && step !== status.step) throw notTheNewest(step, status.step);
      const dict = await this.#stateAt(status).catch((error) => refusedAs(error, "gone"));
      if (!(dict instanceof ParameterServerError)) return dict;
      if (step !== undefined) throw dict;
    }
  }

  async #stateAt({ step, groups, parameters }: RunStatus): Promise<StateDict> {
    const state: StateDict["state"] = {};
    if (step > 0) {
      const has = groups.flatMap(({ momentum, params }) => params.map(() => momentum !== 0));
      const buffers = has.includes(true) ? tensorsOf(await this.#readAll("momentum", step), parameters) : [];
      parameters.forEach(({ dtype, shape }, i) => {
        state[i] = { momentum_buffer: has[i] ? { dtype, shape, data: buffers[i] } : null };
      });
    }
    return { state, param_groups: groups };
  }

  /** The whole vector at a step. */
  async #readAll(what: "parameters" | "momentum", step: number): Promise<Uint8Array> {
    const { shards } = await this.#run();
    const vector = new Uint8Array(shards.reduce((sum, { bytes }) => sum + bytes, 0));
    await Promise.all(
      slicesOf(vector, shards).map((slice, shard) =>
        this.#send({ method: "GET", path: `/shards/${shard}/${what}?step=${step}` }, async (response) => {
          const bytes = new Uint8Array(await response.arrayBuffer());
          if (bytes.length !== slice.length) throw new Error(`got ${bytes.length} of ${slice.length} bytes`);
          slice.set(bytes);
        }),
      ),
    );
    return vector;
  }

  /** Waits until the run is at a step, or some time while its first values are on their way. */
  async #waitFor(step: number): Promise<void> {
    if (step > 0) await this.next(step - 1);
    else await this.#transport.pause(LOOK_MS);
  }

  /** Asks for a step to be taken. @returns the step that the run is at */
  async #take(step: number): Promise<number> {
    return (await this.#json<RunStatus>({ method: "POST", path: `/steps/${step}` })).step;
  }

  async #run(): Promise<RunStatus> {
    return this.#known ?? (await this.status());
  }

  async #status(request: Omit<Outgoing, "path">): Promise<RunStatus> {
    this.#known = await this.#json<RunStatus>({ ...request, path: "" });
    return this.#known;
  }

  #json<T>(request: Outgoing): Promise<T> {
    return this.#send(request, async (response) => fromJson(await response.text()) as T);
  }

  #send<T>(request: Outgoing, read: (response: Answer) => Promise<T>): Promise<T> {
    const sent = this.#transport.send({ ...request, path: this.#path + request.path }, read);
    return sent.catch((error) => {
      // Somebody has deleted the run: another may have its name.
      if ((error as ParameterServerError)?.code === "unknown") this.#forget();
      throw error;
    });
  }

  #forget(): void {
    this.#known = null;
    this.#rank = null;
  }
}

function headersOf({ layout }: RunStatus): Record<string, string> {
  return { layout, "content-type": "application/octet-stream" };
}

/** The error where it is a refusal of this kind. @throws every other */
function refusedAs(error: unknown, ...codes: string[]): ParameterServerError {
  if (error instanceof ParameterServerError && codes.includes(error.code)) return error;
  throw error;
}

/** What is there stays. */
function kept(error: unknown, step: number): PushResult {
  refusedAs(error, "conflict");
  return { status: "received", step };
}

function notTheNewest(step: number, newest: number): ParameterServerError {
  const [code, fate] = step < newest ? (["gone", "not kept"] as const) : (["too-early", "not there"] as const);
  return new ParameterServerError(code, `the run is at step ${newest}: the state of step ${step} is ${fate}`);
}
