// An SGD over the variables of tfjs: which parameter stands for which variable, and a step of them.

import type { StateDict } from "../common/tensor-data.js";
import { checkUsed, type GroupRule, sortByRule } from "../optimizer/group-parameters.js";
import { parametersOf } from "../optimizer/groups.js";
import type { AnyParameter, Parameter } from "../parameter.js";
import { SGD } from "../sgd.js";
import { type Momentum, renamed, saveMomentum, takeMomentum } from "./momentum.js";
import { checkOptions, hyperparametersOf, type TfjsOptions } from "./options.js";
import type { Pair } from "./pairs.js";
import { type Storage, storageFor } from "./storage.js";
import type { Tf, Variable } from "./types.js";

export class Training {
  readonly sgd: SGD;
  readonly options: TfjsOptions;
  readonly #tf: Tf;
  readonly #parameters = new Map<Variable, Parameter<"float32">>();
  /** momentum of variables that have not been trained yet */
  #pending: Momentum = new Map();
  #storage: Storage | null = null;
  #disposed = false;

  constructor(tf: Tf, options: TfjsOptions) {
    checkOptions(options);
    refuseGpu(tf);
    this.#tf = tf;
    this.options = options;
    const rules = this.#rules.map(({ match, ...overrides }) => ({ ...overrides, params: [] as Parameter[] }));
    this.sgd = new SGD([...rules, { params: [] }], hyperparametersOf(options));
    // A state dict may come before the first step.
    this.sgd.registerLoadStateDictPreHook((_, dict) => {
      if (this.#parameters.size === 0) this.#meet(variablesOf(tf, dict));
    });
  }

  /** One step of the variables that have a gradient. What can fail does so before the first of them changes. */
  step(pairs: readonly Pair[]): void {
    const storage = this.#meet(pairs.map(([variable]) => variable).filter(({ dtype }) => dtype === "float32"));
    const trained = pairs.flatMap(([variable, gradient]) => {
      return gradient ? [{ variable, gradient, parameter: this.#parameters.get(variable)! }] : [];
    });
    const { gradScale, maxGradNorm } = this.options;
    try {
      for (const { variable, parameter, gradient } of trained) storage.read(variable, parameter, gradient);
      this.sgd.step({ gradScale, maxGradNorm });
      for (const { variable, parameter } of trained) storage.write(variable, parameter);
    } finally {
      // tfjs frees the gradients, which may have been used where they lie.
      for (const { parameter } of trained) parameter.grad = null;
    }
  }

  saveMomentum(): Momentum {
    return new Map([...saveMomentum(this.sgd), ...this.#pending]);
  }

  /** Replaces all momentum; that of variables which are not trained yet is kept for them. */
  loadMomentum(saved: Momentum): void {
    this.#checkAlive();
    const parameters = parametersOf(this.sgd.paramGroups);
    const pending = parameters.length > 0 ? renamed(saved, this.sgd) : saved;
    takeMomentum(pending, parameters, this.sgd);
    this.#pending = pending;
  }

  dispose(): void {
    this.#disposed = true;
    this.sgd.dispose();
    this.#storage?.engine.dispose();
    this.#parameters.clear();
  }

  get #rules(): readonly GroupRule[] {
    return this.options.groups ?? [];
  }

  /** From now on there are parameters for these variables. */
  #meet(variables: readonly Variable[]): Storage {
    this.#checkAlive();
    this.#forget([...this.#parameters.keys()].filter(({ isDisposed }) => isDisposed));
    const storage = this.#currentStorage();
    const fresh = variables.filter((variable) => !this.#parameters.has(variable));
    if (fresh.length > 0) this.#add(fresh, storage);
    return storage;
  }

  #add(variables: readonly Variable[], storage: Storage): void {
    const first = this.#parameters.size === 0;
    try {
      for (const variable of variables) this.#parameters.set(variable, storage.add(variable));
      const added = variables.map((variable) => this.#parameters.get(variable)!);
      const [taken, rest] = sortByRule(
        added.map((parameter) => ({ parameter })),
        this.#rules,
      );
      if (first) checkUsed(this.#rules, taken);
      for (const [i, group] of [...taken, rest].entries()) {
        for (const { parameter } of group) this.sgd.paramGroups[i].params.push(parameter as Parameter);
      }
      if (first) this.#pending = renamed(this.#pending, this.sgd);
      takeMomentum(this.#pending, added, this.sgd);
    } catch (error) {
      this.#forget(variables);
      throw error;
    }
  }

  #currentStorage(): Storage {
    refuseGpu(this.#tf);
    this.#storage ??= storageFor(this.#tf, this.options.rounding);
    if (this.#storage.backend === this.#tf.backend()) return this.#storage;
    throw new Error(
      `the backend is ${this.#tf.getBackend()} now: make a new optimizer, and give its setWeights what getWeights gives`,
    );
  }

  /** The variables leave their groups, and what was kept for them is freed. */
  #forget(variables: readonly Variable[]): void {
    if (variables.length === 0) return;
    const gone = new Set<AnyParameter>();
    for (const variable of variables) {
      const parameter = this.#parameters.get(variable);
      if (!parameter) continue;
      gone.add(parameter);
      this.#parameters.delete(variable);
      this.sgd.state.delete(parameter);
      parameter.dispose();
    }
    for (const group of this.sgd.paramGroups) group.params = group.params.filter((parameter) => !gone.has(parameter));
  }

  #checkAlive(): void {
    if (this.#disposed) throw new Error("the optimizer was disposed");
  }
}

function refuseGpu(tf: Tf): void {
  const name = tf.getBackend();
  if (!/web(gl|gpu)/.test(name)) return;
  throw new Error(
    `sgd-wasm computes on the processor, and each gradient of ${name} would have to come down from the GPU: ` +
      'use tf.setBackend("wasm"), or tf.train',
  );
}

/** The variables that a state dict is about: those of its names, or all that can be trained if they are as many. */
function variablesOf(tf: Tf, dict: StateDict): Variable[] {
  const { registeredVariables } = tf.engine();
  const groups = Array.isArray(dict?.param_groups) ? dict.param_groups : [];
  const named = groups
    .flatMap(({ param_names = [] }) => param_names as string[])
    .map((name) => registeredVariables[name]);
  if (named.length > 0 && named.every(Boolean)) return named;
  const all = Object.values(registeredVariables).filter(({ trainable }) => trainable);
  return all.length === groups.flatMap(({ params }) => params).length ? all : [];
}
