// Runs the operations of a scenario on the public API.

import { type AnyParameter, createEngine, type Parameter, type ParamGroupInit, SGD, type StateDict } from "sgd-wasm";
import { canonicalBytes, fromHex } from "../support/bits.js";
import { rounding } from "../support/context.js";
import { mulberry32, values } from "../support/random.js";
import { sha256Of } from "./sha256.js";
import { camelCase, camelKey, DTYPE, type ShortType } from "./spelling.js";

type JsonGroup = { params: number[] } & Record<string, unknown>;

export interface Expectation {
  op: "expect";
  params: string[];
  grads: (string | null)[];
  state: Record<string, { momentum_buffer: string | null }>;
  param_groups: Record<string, unknown>[];
}

export type Operation =
  | { op: "create"; groups: JsonGroup[]; options: Record<string, unknown> }
  | { op: "add_group"; group: JsonGroup }
  | { op: "set"; group: number; key: string; value: unknown }
  | { op: "grads"; g: ("gen" | "keep" | null | { hex: string })[]; scale?: number }
  | { op: "step" }
  | { op: "zero_grad"; set_to_none: boolean }
  | { op: "save" | "load"; slot: string }
  | { op: "edit_slot"; slot: string; rename: Record<string, number> }
  | Expectation
  | { op: "expect_sha"; params_sha256: string[]; buffers_sha256: string[] };

export interface Scenario {
  name: string;
  dtype: ShortType;
  foreach: boolean | null;
  seed: number;
  params: { n: number; dtype?: ShortType; init?: string; scale?: number }[];
  ops: Operation[];
}

interface Slot {
  dict: StateDict;
  /** which of all parameters of the optimizer have state, in the order of PyTorch's dict */
  order: number[];
}

export class ScenarioRun {
  readonly params: Parameter[];
  optimizer!: SGD;
  readonly #foreach: boolean | null;
  readonly #next: () => number;
  readonly #slots = new Map<string, Slot>();
  /** Parameters with state in the order of PyTorch's dict, which an object with integer keys does not keep. */
  #order: AnyParameter[] = [];

  constructor({ seed, dtype: common, params, foreach }: Scenario) {
    const engine = createEngine({ rounding });
    this.#foreach = foreach;
    this.#next = mulberry32(seed);
    this.params = params.map(({ n, dtype: own = common, init, scale }) => {
      const dtype = DTYPE[own];
      return engine.parameter(n, {
        dtype,
        data: init === undefined ? values(this.#next, n, dtype, scale) : fromHex(init, dtype),
      });
    });
  }

  perform(operation: Operation): void {
    switch (operation.op) {
      case "create":
        this.#create(operation.groups, operation.options);
        break;
      case "add_group":
        this.optimizer.addParamGroup(this.#group(operation.group));
        break;
      case "set":
        this.optimizer.paramGroups[operation.group][camelKey(operation.key)] = operation.value;
        break;
      case "grads":
        this.#setGradients(operation.g, operation.scale);
        break;
      case "step":
        this.#step();
        break;
      case "zero_grad":
        this.optimizer.zeroGrad(operation.set_to_none);
        break;
      case "save":
        this.#slots.set(operation.slot, this.#save());
        break;
      case "load":
        this.#load(this.#slots.get(operation.slot)!);
        break;
      case "edit_slot":
        rename(this.#slots.get(operation.slot)!.dict, operation.rename);
        break;
    }
  }

  /** Of all parameters, then of all buffers, as the generator of separate.json takes it. */
  stateHash(): string {
    const buffers = this.#order.flatMap((parameter) => this.optimizer.state.get(parameter)?.momentumBuffer ?? []);
    return sha256Of([...this.params.map(({ data }) => data), ...buffers].map(canonicalBytes));
  }

  #create(groups: JsonGroup[], options: Record<string, unknown>): void {
    const all = { ...camelCase(options), foreach: this.#foreach };
    this.optimizer = new SGD(
      groups.map((group) => this.#group(group)),
      all,
    );
    this.#order = [];
  }

  #group({ params, ...overrides }: JsonGroup): ParamGroupInit {
    return { params: params.map((index) => this.params[index]), ...camelCase(overrides) };
  }

  #setGradients(gradients: readonly ("gen" | "keep" | null | { hex: string })[], scale?: number): void {
    gradients.forEach((gradient, index) => {
      const parameter = this.params[index];
      if (gradient === "keep") return;
      if (gradient === "gen") parameter.grad = values(this.#next, parameter.size, parameter.dtype, scale);
      else parameter.grad = gradient && fromHex(gradient.hex, parameter.dtype);
    });
  }

  #step(): void {
    this.optimizer.step();
    for (const { params } of this.optimizer.paramGroups) {
      for (const parameter of params) {
        if (parameter.grad !== null && !this.#order.includes(parameter)) this.#order.push(parameter);
      }
    }
  }

  #save(): Slot {
    const all = this.#optimized();
    return {
      dict: structuredClone(this.optimizer.stateDict()),
      order: this.#order.map((parameter) => all.indexOf(parameter)),
    };
  }

  #load({ dict, order }: Slot): void {
    this.optimizer.loadStateDict(dict);
    const all = this.#optimized();
    this.#order = order.map((index) => all[index]);
  }

  #optimized(): AnyParameter[] {
    return this.optimizer.paramGroups.flatMap(({ params }) => params);
  }
}

/** Gives the parameters of a saved dict other numbers. */
function rename(dict: StateDict, names: Readonly<Record<string, number>>): void {
  dict.state = Object.fromEntries(Object.entries(dict.state).map(([id, entry]) => [names[id], entry]));
  for (const group of dict.param_groups) group.params = group.params.map((id) => names[id]);
}
