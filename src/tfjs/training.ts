// An SGD over the variables of tfjs: which parameter stands for which variable, and a step of them.

import { checkUsed, type GroupRule, sortByRule } from "../optimizer/group-parameters.js";
import type { AnyParameter, Parameter } from "../parameter.js";
import { SGD } from "../sgd.js";
import { ownersOf, type SavedMomentum, saveMomentum } from "./momentum.js";
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
  /** momentum for variables that no step has seen yet */
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

  /** The momentum of every variable that has one. */
  saveMomentum(): SavedMomentum[] {
    return [...saveMomentum(this.#parameters.values(), this.sgd.state), ...this.#pending];
  }

  /** Replaces all momentum; what belongs to variables that no step has seen yet is kept for them. */
  loadMomentum(saved: readonly SavedMomentum[]): void {
    this.#checkAlive();
    const owners = ownersOf(saved, [...this.#parameters.values()]);
    this.sgd.state.clear();
    this.#give(saved, owners);
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
    this.#give(this.#pending, ownersOf(this.#pending, [...this.#parameters.values()]));
  }

  #currentStorage(): Storage {
    refuseGpu(this.#tf);
    this.#storage ??= storageFor(this.#tf, this.options.rounding);
    if (this.#storage.backend === this.#tf.backend()) return this.#storage;
    throw new Error(
      `the backend is ${this.#tf.getBackend()} now: make a new optimizer, and give its setWeights what getWeights gives`,
    );
  }

  #give(saved: readonly SavedMomentum[], owners: readonly (Parameter | undefined)[]): void {
    for (const [i, { data }] of saved.entries()) {
      const owner = owners[i];
      if (owner) this.sgd.state.set(owner, { momentumBuffer: data });
    }
    this.#pending = saved.filter((_, i) => !owners[i]);
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
