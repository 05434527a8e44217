// The scenarios of scaler_2.14.json, carried out with this package's GradScaler.

import { type AnyParameter, clipGradNorm, createEngine, SGD } from "sgd-wasm";
import { GradScaler, type GradScalerState } from "sgd-wasm/amp";
import { canonicalBytes, type NumberView, toHex } from "../support/bits.js";
import { rounding } from "../support/context.js";
import { mulberry32, values } from "../support/random.js";
import { roundHalf, toHalves } from "./half.js";
import { optionName } from "./schedule.js";
import type { JsonNumber } from "./spelling.js";

type Options = Record<string, unknown>;

export interface ScalerOperation {
  op: string;
  value?: number;
  scale?: number;
  put?: Record<string, Record<string, JsonNumber | "inf" | "-inf" | "nan">>;
  none?: number[];
  optimizer?: number;
  max_norm?: number;
  new_scale?: number;
  key?: string;
  slot?: string;
  state?: GradScalerState;
  scaler?: Options;
}

export interface ScalerResult {
  value?: number;
  norm?: string;
  stepped?: boolean;
  state?: Record<string, JsonNumber>;
  scale?: JsonNumber;
  params?: string[];
  masters?: string[];
  grads?: (string | null)[];
  buffers?: (string | null)[];
  error?: string;
  message?: string;
}

export interface ScalerScenario {
  name: string;
  dtype: "f32" | "f64" | "f16" | "bf16";
  seed: number;
  sizes: number[];
  scaler: Options;
  options: Options;
  optimizers?: number[][];
  masters?: boolean;
  ops: ScalerOperation[];
  result: ScalerResult[];
}

const TYPES = { f32: "float32", f64: "float64", f16: "float16", bf16: "bfloat16" } as const;
const SPECIAL: Record<string, number> = { inf: Infinity, "-inf": -Infinity, nan: Number.NaN };

const renamed = (options: Options) =>
  Object.fromEntries(Object.entries(options).map(([key, value]) => [optionName(key), value]));

export class ScalerRun {
  readonly scenario: ScalerScenario;
  readonly params: AnyParameter[];
  readonly optimizers: SGD[];
  scaler: GradScaler;
  /** With masters: the 16-bit parameters, which follow the masters after every step. */
  readonly #halves: number[][] = [];
  readonly #next: () => number;
  readonly #saved = new Map<string, GradScalerState>();

  constructor(scenario: ScalerScenario) {
    const { seed, sizes, dtype, masters, optimizers = [sizes.map((_, i) => i)] } = scenario;
    this.scenario = scenario;
    this.#next = mulberry32(seed);
    this.scaler = new GradScaler(renamed(scenario.scaler));
    const engine = createEngine({ rounding });
    this.params = sizes.map((n) => {
      const data = this.#values(n);
      if (masters) this.#halves.push([...data]);
      return engine.parameter(n, { dtype: masters ? "float32" : TYPES[dtype], data }) as AnyParameter;
    });
    this.optimizers = optimizers.map(
      (indices) =>
        new SGD(
          indices.map((i) => this.params[i]),
          renamed(scenario.options) as { lr: number },
        ),
    );
  }

  perform(operation: ScalerOperation): ScalerResult {
    try {
      return this.#perform(operation) ?? {};
    } catch (error) {
      return { error: (error as Error).name, message: (error as Error).message };
    }
  }

  #perform(operation: ScalerOperation): ScalerResult | undefined {
    const optimizer = this.optimizers[operation.optimizer ?? 0];
    switch (operation.op) {
      case "scale":
        return { value: this.scaler.scale(operation.value!) };
      case "grads":
        this.#setGradients(operation);
        return;
      case "unscale":
        this.scaler.unscale(optimizer);
        return;
      case "clip":
        clipGradNorm(this.params, operation.max_norm!, { normType: Number.POSITIVE_INFINITY });
        return;
      case "step":
        return this.#step(optimizer);
      case "update":
        this.scaler.update(operation.new_scale);
        return;
      case "set":
        this.#set(operation);
        return;
      case "save":
        this.#saved.set(operation.slot!, this.scaler.stateDict());
        return;
      case "load":
        this.scaler.loadStateDict(operation.state ?? this.#saved.get(operation.slot!)!);
        return;
      case "new":
        this.scaler = new GradScaler(renamed(operation.scaler ?? {}));
        return;
      case "expect":
        return this.#look();
    }
    throw new Error(`no operation ${operation.op}`);
  }

  #values(n: number, scale = 1): number[] {
    const { dtype } = this.scenario;
    const numbers = [...values(this.#next, n, dtype === "f64" ? "float64" : "float32", scale)];
    const type = TYPES[dtype];
    return type === "float16" || type === "bfloat16" ? numbers.map((x) => roundHalf(x, type)) : numbers;
  }

  #setGradients({ scale, put = {}, none = [] }: ScalerOperation): void {
    this.params.forEach((parameter, i) => {
      const gradient = this.#values(parameter.size, scale);
      for (const [at, value] of Object.entries(put[i] ?? {})) gradient[Number(at)] = SPECIAL[value] ?? Number(value);
      parameter.grad = none.includes(i) ? null : gradient;
    });
  }

  #step(optimizer: SGD): ScalerResult {
    const { skipped } = this.scaler.step(optimizer);
    const type = TYPES[this.scenario.dtype];
    if (this.scenario.masters && (type === "float16" || type === "bfloat16")) {
      this.params.forEach(({ data }, i) => {
        this.#halves[i] = Array.from(data as Float32Array, (x) => roundHalf(x, type));
      });
    }
    return { stepped: !skipped };
  }

  #set({ key, value }: ScalerOperation): void {
    if (key === "growth_factor") this.scaler.setGrowthFactor(value!);
    else if (key === "backoff_factor") this.scaler.setBackoffFactor(value!);
    else this.scaler.setGrowthInterval(value!);
  }

  #look(): ScalerResult {
    const type = TYPES[this.scenario.dtype];
    const hexOf = (data: NumberView) => toHex(canonicalBytes(data));
    const masters = this.params.map(({ data }) => hexOf(data));
    const isCopied = this.scenario.masters && (type === "float16" || type === "bfloat16");
    const groups = this.optimizers.flatMap((optimizer) =>
      optimizer.paramGroups.flatMap(({ params }) => params.map((parameter) => optimizer.state.get(parameter))),
    );
    return {
      state: this.scaler.stateDict() as Record<string, number>,
      scale: this.scaler.getScale(),
      params: isCopied ? this.#halves.map((half) => toHex(toHalves(half, type))) : masters,
      grads: this.params.map(({ grad }) => grad && hexOf(grad)),
      buffers: groups.map((entry) => (entry?.momentumBuffer ? hexOf(entry.momentumBuffer as Float32Array) : null)),
      masters,
    };
  }
}
