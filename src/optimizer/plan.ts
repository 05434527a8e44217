// A step, prepared: which runs of elements the kernel is called for. Everything that can fail happens here, before the
// first element changes.

import type { Engine } from "../engine.js";
import type { DType } from "../kernel/variants.js";
import { ELEMENT_BYTES } from "../memory/region.js";
import { describe, type Parameter } from "../parameter.js";
import type { ParamGroup } from "./options.js";
import { pythonType } from "./python.js";
import { dropSparse, prepareSparse, type SparseUpdate, unsupported } from "./sparse-update.js";
import type { OptimizerState, ParameterState } from "./state.js";

/** Adjacent elements of one group that get the same update. Objects are kept from step to step, so that none is made. */
export interface Span {
  group: ParamGroup;
  engine: Engine;
  dtype: DType;
  /** the first step of these parameters: their buffer holds nothing yet */
  fresh: boolean;
  /** byte addresses of parameters, gradients and momentum buffers (0 without momentum) */
  p: number;
  g: number;
  b: number;
  /** elements */
  n: number;
}

const LARGEST_FLOAT32 = 3.4028234663852886e38;

export class Plan {
  readonly spans: Span[] = [];
  /** how many of `spans` belong to the plan; the others are left over from longer ones */
  count = 0;
  readonly sparse: SparseUpdate[] = [];
  readonly #fresh: ParameterState[] = [];
  /** parameters that came into the state by this plan */
  readonly #added: Parameter[] = [];

  /**
   * @param scale what gradients are multiplied by, before `clip` multiplies them; null for not at all
   * @throws on a group or parameter that cannot be stepped; buffers made on the way are taken back
   */
  prepare(groups: readonly ParamGroup[], state: OptimizerState, scale: number | null, clip: number | null): void {
    this.count = 0;
    try {
      for (let i = 0; i < groups.length; i++) this.#prepareGroup(groups[i], state, scale, clip);
    } catch (error) {
      this.abandon(state);
      throw error;
    }
  }

  /** The step does not take place: takes back what was prepared. */
  abandon(state: OptimizerState): void {
    for (const entry of this.#fresh) entry.free();
    for (const parameter of this.#added) state.delete(parameter);
    for (const update of this.sparse) dropSparse(update);
    this.settle();
  }

  /** The step is done: its new buffers are buffers like all others. */
  settle(): void {
    for (let i = 0; i < this.#fresh.length; i++) this.#fresh[i].fresh = false;
    this.#fresh.length = 0;
    this.#added.length = 0;
    this.sparse.length = 0;
  }

  #prepareGroup(group: ParamGroup, state: OptimizerState, scale: number | null, clip: number | null): void {
    const { params, foreach } = group;
    const withMomentum = checkedNumber(group, "momentum") !== 0;
    let checked: DType | undefined;
    for (let i = 0; i < params.length; i++) {
      const parameter = params[i];
      if (parameter.disposed) throw new Error(`${describe(parameter)} was disposed: take it out of its group`);
      if (!parameter.hasGrad && parameter.sparse === null) continue;
      if (parameter.dtype !== checked) {
        checkScalars(group, parameter.dtype);
        checked = parameter.dtype;
      }
      const entry = this.#entry(parameter, state);
      if (parameter.sparse) {
        this.#addSparse(group, parameter, entry, scale, clip);
        continue;
      }
      if (withMomentum) this.#prepareBuffer(group, parameter, entry);
      this.#add(group, parameter, withMomentum ? entry : null, foreach !== false);
    }
  }

  #entry(parameter: Parameter, state: OptimizerState): ParameterState {
    const known = state.get(parameter);
    if (known !== undefined) return known;
    this.#added.push(parameter);
    return state.entry(parameter);
  }

  #prepareBuffer(group: ParamGroup, parameter: Parameter, entry: ParameterState): void {
    if (entry.rows) throw unsupported();
    if (entry.buffer === null) {
      this.#fresh.push(entry);
      entry.allocate();
      entry.fresh = true;
    } else if (!entry.fresh && parameter.dtype === "float32") {
      checkFloat32(1 - checkedNumber(group, "dampening"));
    }
  }

  #addSparse(
    group: ParamGroup,
    parameter: Parameter,
    entry: ParameterState,
    scale: number | null,
    clip: number | null,
  ): void {
    const factors: number[] = [];
    if (scale !== null) factors.push(scale);
    if (clip !== null) factors.push(clip);
    if (group.maximize) factors.push(-1);
    // A duplicate finds the buffer that the parameter's earlier update leaves.
    const earlier = entry.rows && this.sparse.find((update) => update.entry === entry);
    this.sparse.push(prepareSparse(group, parameter, entry, earlier?.buffer ?? entry.rows, factors));
  }

  #add(group: ParamGroup, parameter: Parameter, entry: ParameterState | null, merge: boolean): void {
    const { engine, dtype, address: p, size: n } = parameter;
    // Both are there: the caller has seen the gradient and allocated the buffer.
    const g = parameter.gradient?.address ?? 0;
    const b = entry?.buffer?.address ?? 0;
    const fresh = entry?.fresh ?? false;
    const last = this.spans[this.count - 1];
    if (
      merge &&
      this.count > 0 &&
      last.group === group &&
      last.engine === engine &&
      last.dtype === dtype &&
      last.fresh === fresh
    ) {
      const bytes = last.n * ELEMENT_BYTES[dtype];
      if (last.p + bytes === p && last.g + bytes === g && (entry === null || last.b + bytes === b)) {
        last.n += n;
        return;
      }
    }
    const span = this.spans[this.count++];
    if (span === undefined) {
      this.spans.push({ group, engine, dtype, fresh, p, g, b, n });
      return;
    }
    span.group = group;
    span.engine = engine;
    span.dtype = dtype;
    span.fresh = fresh;
    span.p = p;
    span.g = g;
    span.b = b;
    span.n = n;
  }
}

/** The scalars of a group as torch checks them when it hands them to its kernels. */
function checkScalars(group: ParamGroup, dtype: DType): void {
  const lr = checkedNumber(group, "lr");
  const momentum = checkedNumber(group, "momentum");
  const weightDecay = checkedNumber(group, "weightDecay");
  if (dtype !== "float32") return;
  checkFloat32(lr);
  checkFloat32(weightDecay);
  if (group.nesterov) checkFloat32(momentum);
}

function checkFloat32(value: number): void {
  if (Math.abs(value) > LARGEST_FLOAT32 && Math.abs(value) !== Number.POSITIVE_INFINITY) {
    throw new Error("value cannot be converted to type float without overflow");
  }
}

function checkedNumber(group: ParamGroup, key: "lr" | "momentum" | "dampening" | "weightDecay"): number {
  const value: unknown = group[key];
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  throw new TypeError(`${key} of a parameter group must be a number, got ${pythonType(value)}`);
}
