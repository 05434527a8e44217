// An SGD over the variables of tfjs: which parameter stands for which variable, and a step of them.

import type { StateDict } from "../common/tensor-data.js";
import { checkUsed, type GroupRule, sortByRule } from "../optimizer/group-parameters.js";
import type { AnyParameter, Parameter } from "../parameter.js";
import { SGD } from "../sgd.js";
import { loadMomentum, namesOf, type SavedMomentum, saveMomentum } from "./momentum.js";
import { checkOptions, hyperparametersOf, type TfjsOptions } from "./options.js";
import { type Storage, storageFor } from "./storage.js";
import type { Tensor, Tf, Variable } from "./types.js";

/** A variable and its gradient, null for none. */
export type Pair = readonly [variable: Variable, gradient: Tensor | null];

export class Training {
  readonly sgd: SGD;
  readonly options: TfjsOptions;
  readonly #tf: Tf;
  readonly #parameters = new Map<Variable, Parameter<"float32">>();
  /** momentum that came before the first step */
  #pending: readonly SavedMomentum[] = [];
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
    checkPairs(pairs);
    const storage = this.#meet(pairs.map(([variable]) => variable).filter(({ dtype }) => dtype === "float32"));
    const trained = pairs.filter(([, gradient]) => gradient) as [Variable, Tensor][];
    const { gradScale, maxGradNorm } = this.options;
    try {
      for (const [variable, gradient] of trained) storage.read(variable, this.#parameters.get(variable)!, gradient);
      this.sgd.step({ gradScale, maxGradNorm });
      for (const [variable] of trained) storage.write(variable, this.#parameters.get(variable)!);
    } finally {
      // tfjs frees the gradients, which may have been used where they lie.
      for (const [variable] of trained) this.#parameters.get(variable)!.grad = null;
    }
  }

  saveMomentum(): readonly SavedMomentum[] {
    return this.#parameters.size > 0 ? saveMomentum(this.sgd) : this.#pending;
  }

  /** Replaces all momentum; what comes before the first step is kept for it. */
  loadMomentum(saved: readonly SavedMomentum[]): void {
    this.#checkAlive();
    this.#pending = saved;
    if (this.#parameters.size === 0) return;
    loadMomentum(this.sgd, saved);
    this.#pending = [];
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
    this.#forgetDisposed();
    const storage = this.#currentStorage();
    const fresh = variables.filter((variable) => !this.#parameters.has(variable));
    if (fresh.length > 0) this.#add(fresh, storage);
    return storage;
  }

  #add(variables: readonly Variable[], storage: Storage): void {
    const made: Parameter<"float32">[] = [];
    try {
      for (const variable of variables) made.push(storage.add(variable));
      const listed = made.map((parameter) => ({ parameter }));
      const [taken, rest] = sortByRule(listed, this.#rules);
      if (this.#parameters.size === 0) checkUsed(this.#rules, taken);
      for (const [i, group] of [...taken, rest].entries()) {
        this.sgd.paramGroups[i].params.push(...group.map(({ parameter }) => parameter));
      }
    } catch (error) {
      for (const parameter of made) parameter.dispose();
      throw error;
    }
    for (const [i, variable] of variables.entries()) this.#parameters.set(variable, made[i]);
    if (this.#pending.length > 0) this.loadMomentum(this.#pending);
  }

  #currentStorage(): Storage {
    refuseGpu(this.#tf);
    this.#storage ??= storageFor(this.#tf, this.options.rounding);
    if (this.#storage.backend === this.#tf.backend()) return this.#storage;
    throw new Error(
      `the backend is ${this.#tf.getBackend()} now: make a new optimizer, and give its setWeights what getWeights gives`,
    );
  }

  /** Variables that were disposed leave their groups, and what was kept for them is freed. */
  #forgetDisposed(): void {
    const gone = new Set<AnyParameter>();
    for (const [variable, parameter] of this.#parameters) {
      if (!variable.isDisposed) continue;
      gone.add(parameter);
      this.#parameters.delete(variable);
      this.sgd.state.delete(parameter);
      parameter.dispose();
    }
    if (gone.size === 0) return;
    for (const group of this.sgd.paramGroups) group.params = group.params.filter((parameter) => !gone.has(parameter));
  }

  #checkAlive(): void {
    if (this.#disposed) throw new Error("the optimizer was disposed");
  }
}

function refuseGpu(tf: Tf): void {
  const name = tf.getBackend();
  if (!/^web(gl|gpu)$/.test(name)) return;
  throw new Error(
    `sgd-wasm computes on the processor, and ${name} has the gradients on the GPU, from where each would have to come down: ` +
      'use tf.setBackend("wasm"), or tf.train',
  );
}

function checkPairs(pairs: readonly Pair[]): void {
  const seen = new Set<Variable>();
  for (const [variable, gradient] of pairs) {
    if (seen.has(variable)) throw new Error(`${variable.name} has two gradients in one step`);
    seen.add(variable);
    const [expected, got] = [variable, gradient ?? variable].map(({ dtype, shape }) => `${dtype} [${shape}]`);
    if (gradient && (expected !== got || variable.dtype !== "float32")) {
      throw new TypeError(`${variable.name} is ${expected}, its gradient ${got}: float32 of one shape is trained`);
    }
  }
}

/** The variables that a state dict is about: those of its names, or all that can be trained if they are as many. */
function variablesOf(tf: Tf, dict: StateDict): Variable[] {
  const { registeredVariables } = tf.engine();
  const groups = Array.isArray(dict?.param_groups) ? dict.param_groups : [];
  const named = namesOf(groups).map((name) => registeredVariables[name]);
  if (named.length > 0 && named.every(Boolean)) return named;
  const all = Object.values(registeredVariables).filter(({ trainable }) => trainable);
  return all.length === groups.flatMap(({ params }) => params).length ? all : [];
}
