// What the optimizer remembers of each parameter.

import { isRecord, typeName } from "../common/checks.js";
import type { DType, ElementArrayOf } from "../common/dtype.js";
import { checkElements, writeElements } from "../common/elements.js";
import { present, summaryOf } from "../common/present.js";
import type { Engine } from "../engine.js";
import type { SparseRows } from "../gradient/sparse.js";
import { lasting, type Region } from "../memory/region.js";
import { type AnyParameter, Parameter } from "../parameter.js";

/** An entry of `optimizer.state`. */
export class ParameterState<D extends DType = DType> {
  readonly #parameter: AnyParameter;
  /** @internal */
  buffer: Region | null = null;
  /** The buffer while it is sparse; then there is no other. @internal */
  rows: SparseRows | null = null;
  /** The buffer was made by the step that is being prepared, and holds nothing yet. @internal */
  fresh = false;

  /** @internal */
  constructor(parameter: AnyParameter) {
    this.#parameter = parameter;
    present(this, ["buffer", "rows", "fresh"], () =>
      summaryOf("ParameterState", { momentumBuffer: this.momentumBuffer }),
    );
  }

  /**
   * The momentum buffer, live: as long as the parameter and of its dtype. Null before the first step with momentum. After sparse
   * gradients a dense copy of it.
   */
  get momentumBuffer(): ElementArrayOf<D> | null {
    this.#parameter.checkAlive();
    return ((this.rows?.toDense() ?? this.buffer?.view) as ElementArrayOf<D> | undefined) ?? null;
  }

  /** Copies numbers in; null drops the buffer, so that the next step is the first one again. */
  set momentumBuffer(values: ArrayLike<number> | null) {
    if (values === null || values === undefined) {
      this.free();
      return;
    }
    const { size, dtype, engine } = this.#parameter;
    const numbers = checkElements(values, dtype, "momentumBuffer");
    if (numbers.length !== size) {
      throw new Error(`momentumBuffer of ${this.#parameter.label} has ${size} elements, got ${numbers.length}`);
    }
    const source = lasting(numbers, engine.memory);
    writeElements(this.allocate().view, dtype, source);
    this.replaceRows(null);
  }

  /** The dense buffer, which is made if there is none, or is `made` already. @internal */
  allocate(made?: Region): Region {
    this.#parameter.checkAlive();
    if (this.buffer === null) {
      this.buffer = made ?? this.#parameter.newBuffer();
      this.#parameter.attached.add(this.buffer);
      this.#parameter.engine.version++;
    }
    return this.buffer;
  }

  /** @internal */
  replaceRows(rows: SparseRows | null): void {
    this.rows?.free();
    this.rows = rows;
    this.#parameter.engine.version++;
  }

  /** @internal */
  free(): void {
    this.replaceRows(null);
    if (this.buffer === null) return;
    this.#parameter.attached.delete(this.buffer);
    this.#parameter.freeBuffer(this.buffer);
    this.buffer = null;
  }
}

/**
 * Free the buffers of optimizers that were dropped without `dispose`, where the runtime tells. One for each engine, which it goes
 * with: a registry for all would keep an engine's memory until it has called back.
 */
const registries = new WeakMap<Engine, FinalizationRegistry<Set<ParameterState>>>();

function registryOf(engine: Engine): FinalizationRegistry<Set<ParameterState>> | null {
  if (typeof FinalizationRegistry === "undefined") return null;
  let registry = registries.get(engine);
  if (!registry) {
    registry = new FinalizationRegistry((entries) => {
      for (const entry of entries) entry.free();
    });
    registries.set(engine, registry);
  }
  return registry;
}

/** The optimizer's state by parameter. An entry that goes frees its buffer. */
export class OptimizerState extends Map<AnyParameter, ParameterState> {
  /** All entries by engine, where they do not keep the state itself alive. */
  readonly #entries = new WeakMap<Engine, Set<ParameterState>>();

  override get<D extends DType>(parameter: Parameter<D>): ParameterState<D> | undefined {
    return super.get(parameter) as ParameterState<D> | undefined;
  }

  /** The entry of a parameter, made if there is none. @internal */
  entry(parameter: AnyParameter): ParameterState {
    return this.get(parameter) ?? this.#add(parameter, new ParameterState(parameter));
  }

  /** Makes the parameter's entry hold the buffer, as a copy. */
  override set(parameter: AnyParameter, value: { momentumBuffer: ArrayLike<number> | null }): this {
    if (!Parameter.is(parameter)) throw new TypeError(`state is kept by parameter, got ${typeName(parameter)}`);
    parameter.checkAlive();
    if (!isRecord(value)) {
      throw new TypeError(`a state entry must be an object { momentumBuffer }, got ${typeName(value)}`);
    }
    const entry = this.get(parameter) ?? new ParameterState(parameter);
    entry.momentumBuffer = value.momentumBuffer;
    this.#add(parameter, entry);
    return this;
  }

  override delete(parameter: AnyParameter): boolean {
    const entry = this.get(parameter);
    if (entry) this.#entriesOf(parameter.engine).delete(entry);
    entry?.free();
    return super.delete(parameter);
  }

  override clear(): void {
    for (const parameter of this.keys()) this.delete(parameter);
  }

  #add(parameter: AnyParameter, entry: ParameterState): ParameterState {
    this.#entriesOf(parameter.engine).add(entry);
    super.set(parameter, entry);
    return entry;
  }

  #entriesOf(engine: Engine): Set<ParameterState> {
    let entries = this.#entries.get(engine);
    if (!entries) {
      entries = new Set();
      this.#entries.set(engine, entries);
      registryOf(engine)?.register(this, entries);
    }
    return entries;
  }
}
