// A step, prepared: which runs of elements the kernel is called for. Everything that can fail happens here, before the
// first element changes.

import type { Engine } from "../engine.js";
import type { DType } from "../kernel/variants.js";
import { ELEMENT_BYTES } from "../memory/region.js";
import { describe, type Parameter } from "../parameter.js";
import { structure } from "../structure.js";
import type { ParamGroup } from "./options.js";
import { pythonType } from "./python.js";
import type { GradientOptions } from "./run.js";
import { dropSparse, prepareSparse, type SparseUpdate, unsupported } from "./sparse-update.js";
import type { OptimizerState, ParameterState } from "./state.js";

/** Adjacent elements of one group that get the same update. */
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

/** A group as it was when the plan was made, to see whether the plan still holds. */
interface PlannedGroup {
  group: ParamGroup;
  params: Parameter[];
  momentum: boolean;
  merge: boolean;
  /** there are float32 gradients; with a momentum buffer of an earlier step */
  float32: boolean;
  float32Running: boolean;
}

const LARGEST_FLOAT32 = 3.4028234663852886e38;

export class Plan {
  readonly spans: Span[] = [];
  /** how many of `spans` belong to the plan; the others are left over from longer ones */
  count = 0;
  readonly sparse: SparseUpdate[] = [];
  /** some parameter comes more than once */
  hasDuplicates = false;
  readonly #groups: PlannedGroup[] = [];
  /** `structure.version` for which the plan holds */
  #version = -1;
  readonly #fresh: ParameterState[] = [];
  /** parameters that came into the state by this plan */
  readonly #added: Parameter[] = [];

  /** @throws on a group or parameter that cannot be stepped; buffers made on the way are taken back */
  prepare(groups: readonly ParamGroup[], state: OptimizerState, gradients: GradientOptions): void {
    try {
      if (!this.#holds(groups)) this.#make(groups, state, gradients);
      let scaled = gradients.scale !== null || gradients.clip !== null;
      for (let i = 0; i < this.#groups.length; i++) {
        checkScalars(this.#groups[i]);
        if (this.#groups[i].group.maximize) scaled = true;
      }
      if (scaled) for (let i = 0; i < this.count; i++) this.spans[i].engine.reserveScratch();
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
    this.#version = -1;
    this.settle();
  }

  /** The step is done: its new buffers are buffers like all others. */
  settle(): void {
    // Setting a length is slow, and nearly always there is nothing to do.
    if (this.#fresh.length + this.#added.length + this.sparse.length === 0) return;
    for (const entry of this.#fresh) entry.fresh = false;
    this.#fresh.length = 0;
    this.#added.length = 0;
    this.sparse.length = 0;
  }

  /** Whether nothing has changed since the plan was made that it depends on. */
  #holds(groups: readonly ParamGroup[]): boolean {
    if (this.#version !== structure.version || this.#groups.length !== groups.length) return false;
    for (let i = 0; i < groups.length; i++) if (!isAsPlanned(groups[i], this.#groups[i])) return false;
    return true;
  }

  #make(groups: readonly ParamGroup[], state: OptimizerState, gradients: GradientOptions): void {
    this.count = 0;
    this.#groups.length = 0;
    for (const group of groups) this.#addGroup(group, state, gradients);
    const params = this.#groups.flatMap((planned) => planned.params);
    this.hasDuplicates = new Set(params).size !== params.length;
    // First steps and sparse gradients are planned anew every time.
    this.#version = this.#fresh.length === 0 && this.sparse.length === 0 ? structure.version : -1;
  }

  #addGroup(group: ParamGroup, state: OptimizerState, gradients: GradientOptions): void {
    const planned: PlannedGroup = {
      group,
      params: [...group.params],
      momentum: asNumber(group.momentum, "momentum") !== 0,
      merge: group.foreach !== false,
      float32: false,
      float32Running: false,
    };
    this.#groups.push(planned);
    for (const parameter of planned.params) {
      if (parameter.disposed) throw new Error(`${describe(parameter)} was disposed: take it out of its group`);
      if (!parameter.hasGrad && parameter.sparse === null) continue;
      const entry = this.#entry(parameter, state);
      if (parameter.dtype === "float32") planned.float32 = true;
      const running = entry.rows !== null || (entry.buffer !== null && !entry.fresh);
      if (parameter.dtype === "float32" && planned.momentum && running) planned.float32Running = true;
      if (parameter.sparse === null) this.#addDense(planned, parameter, entry);
      else this.#addSparse(group, parameter, entry, gradients);
    }
  }

  #entry(parameter: Parameter, state: OptimizerState): ParameterState {
    const known = state.get(parameter);
    if (known !== undefined) return known;
    this.#added.push(parameter);
    return state.entry(parameter);
  }

  #addSparse(group: ParamGroup, parameter: Parameter, entry: ParameterState, gradients: GradientOptions): void {
    // A duplicate finds the buffer that the parameter's earlier update leaves.
    let before = entry.rows;
    for (const update of this.sparse) if (before && update.entry === entry) before = update.buffer ?? before;
    this.sparse.push(prepareSparse(group, parameter, entry, before, gradients));
  }

  #addDense({ group, momentum, merge }: PlannedGroup, parameter: Parameter, entry: ParameterState): void {
    if (momentum && entry.rows) throw unsupported();
    if (momentum && entry.buffer === null) {
      this.#fresh.push(entry);
      entry.allocate();
      entry.fresh = true;
    }
    const span: Span = {
      group,
      engine: parameter.engine,
      dtype: parameter.dtype,
      fresh: momentum && entry.fresh,
      p: parameter.address,
      g: parameter.gradient?.address ?? 0,
      b: momentum ? (entry.buffer?.address ?? 0) : 0,
      n: parameter.size,
    };
    const last = this.spans[this.count - 1];
    if (merge && this.count > 0 && isAdjacent(last, span)) last.n += span.n;
    else this.spans[this.count++] = span;
  }
}

function isAsPlanned(group: ParamGroup, planned: PlannedGroup): boolean {
  const { params } = planned;
  if (group !== planned.group || group.params.length !== params.length) return false;
  if ((Number(group.momentum) !== 0) !== planned.momentum || (group.foreach !== false) !== planned.merge) return false;
  for (let i = 0; i < params.length; i++) if (group.params[i] !== params[i]) return false;
  return true;
}

/** Whether `next` goes on where `last` ends, in parameters, gradients and buffers. */
function isAdjacent(last: Span, next: Span): boolean {
  const bytes = last.n * ELEMENT_BYTES[last.dtype];
  return (
    last.group === next.group &&
    last.engine === next.engine &&
    last.dtype === next.dtype &&
    last.fresh === next.fresh &&
    last.p + bytes === next.p &&
    last.g + bytes === next.g &&
    (last.b === 0 || last.b + bytes === next.b)
  );
}

/** The scalars of a group as torch checks them when it hands them to its kernels. */
function checkScalars({ group, float32, float32Running }: PlannedGroup): void {
  if ("weight_decay" in group) throw new TypeError("a parameter group has no option weight_decay: write weightDecay");
  const lr = asNumber(group.lr, "lr");
  const momentum = asNumber(group.momentum, "momentum");
  const weightDecay = asNumber(group.weightDecay, "weightDecay");
  const dampening = momentum !== 0 ? asNumber(group.dampening, "dampening") : 0;
  if (!float32) return;
  checkFloat32(lr);
  checkFloat32(weightDecay);
  if (float32Running) checkFloat32(1 - dampening);
  if (group.nesterov) checkFloat32(momentum);
}

function checkFloat32(value: number): void {
  if (Math.abs(value) > LARGEST_FLOAT32 && Math.abs(value) !== Number.POSITIVE_INFINITY) {
    throw new Error("value cannot be converted to type float without overflow");
  }
}

function asNumber(value: unknown, name: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  throw new TypeError(`${name} of a parameter group must be a number, got ${pythonType(value)}`);
}
