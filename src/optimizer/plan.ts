// A step, prepared: for which spans of elements the kernel is called. Everything that can fail happens here, before the
// first element changes.

import type { DType } from "../common/dtype.js";
import { ELEMENT_BYTES } from "../common/dtype.js";
import type { Engine } from "../engine.js";
import { hasGradient } from "../gradient/stored.js";
import type { TypedKernel } from "../kernel/kernel.js";
import type { AnyParameter } from "../parameter.js";
import { type ParamGroup, parametersByGroup, parametersOf, withGradient } from "./groups.js";
import { type GradientOptions, Scalars } from "./scalars.js";
import { refuseSparseBuffer, SparseUpdate } from "./sparse-update.js";
import type { OptimizerState, ParameterState } from "./state.js";

/** Adjacent elements of one group that get the same update. */
export interface Span {
  scalars: Scalars;
  engine: Engine;
  dtype: DType;
  /** of the engine, for the dtype */
  kernel: TypedKernel;
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
  params: AnyParameter[];
  momentum: boolean;
  merge: boolean;
  scalars: Scalars;
  /** some of its gradients are computed with in float32 */
  float32: boolean;
  /** and some of those have a momentum buffer of an earlier step */
  running: boolean;
}

export class Plan {
  readonly spans: Span[] = [];
  /** how many of `spans` belong to the plan; the others are left over from longer ones */
  count = 0;
  readonly sparse: SparseUpdate[] = [];
  /** some parameter comes more than once */
  hasDuplicates = false;
  readonly #groups: PlannedGroup[] = [];
  #withGradient: readonly AnyParameter[] = [];
  #engines: Engine[] = [];
  /** the sum of the engines' versions for which the plan holds */
  #version = -1;
  readonly #fresh: ParameterState[] = [];
  /** parameters that came into the state by this plan */
  readonly #added: AnyParameter[] = [];

  /** @throws on a group or parameter that cannot be stepped; buffers made on the way are taken back */
  prepare(groups: readonly ParamGroup[], state: OptimizerState, gradients: GradientOptions): void {
    try {
      if (!this.#holds(groups)) this.#make(groups, state, gradients);
      for (let i = 0; i < this.#groups.length; i++) {
        const { group, scalars, float32, running } = this.#groups[i];
        scalars.read(group);
        if (float32) scalars.checkFloat32(running);
        scalars.apply(gradients, this.zeroesAtOnce(gradients));
      }
    } catch (error) {
      this.abandon(state);
      throw error;
    }
  }

  /** Whether gradients are zeroed by the updates themselves: one that comes twice is needed until the end. */
  zeroesAtOnce({ zero }: GradientOptions): boolean {
    return zero && !this.hasDuplicates;
  }

  /** Parameters that have a gradient, each once, also where it comes twice. */
  parametersOf(groups: readonly ParamGroup[]): readonly AnyParameter[] {
    return this.#holds(groups) ? this.#withGradient : withGradient(parametersOf(groups));
  }

  /** The step does not take place: takes back what was prepared. */
  abandon(state: OptimizerState): void {
    for (const entry of this.#fresh) entry.free();
    for (const parameter of this.#added) state.delete(parameter);
    for (const update of this.sparse) update.drop();
    this.#version = -1;
    this.settle();
  }

  /** The step is done: its new buffers are buffers like all others. */
  settle(): void {
    // Nearly always there is nothing to do.
    if (this.#fresh.length + this.#added.length + this.sparse.length > 0) this.#settle();
  }

  #settle(): void {
    for (const entry of this.#fresh) entry.fresh = false;
    this.#fresh.length = 0;
    this.#added.length = 0;
    this.sparse.length = 0;
  }

  /** Whether nothing has changed since the plan was made that it depends on. */
  #holds(groups: readonly ParamGroup[]): boolean {
    if (this.#version !== this.#currentVersion() || this.#groups.length !== groups?.length) return false;
    for (let i = 0; i < groups.length; i++) if (!isAsPlanned(groups[i], this.#groups[i])) return false;
    return true;
  }

  #make(groups: readonly ParamGroup[], state: OptimizerState, gradients: GradientOptions): void {
    this.count = 0;
    this.#groups.length = 0;
    const lists = parametersByGroup(groups);
    for (let i = 0; i < groups.length; i++) this.#addGroup(groups[i], lists[i], state, gradients);
    const params = lists.flat();
    this.hasDuplicates = new Set(params).size !== params.length;
    this.#withGradient = withGradient(params);
    this.#engines = [...new Set(params.map(({ engine }) => engine))];
    // First steps and sparse gradients are planned anew every time.
    this.#version = this.#fresh.length === 0 && this.sparse.length === 0 ? this.#currentVersion() : -1;
  }

  /** Versions only count up, so that the sum is the same only if all of them are. */
  #currentVersion(): number {
    let sum = 0;
    for (let i = 0; i < this.#engines.length; i++) sum += this.#engines[i].version;
    return sum;
  }

  #addGroup(group: ParamGroup, params: AnyParameter[], state: OptimizerState, gradients: GradientOptions): void {
    const scalars = new Scalars();
    scalars.read(group);
    const planned: PlannedGroup = {
      group,
      params,
      momentum: scalars.momentum !== 0,
      merge: group.foreach !== false,
      scalars,
      float32: false,
      running: false,
    };
    this.#groups.push(planned);
    for (const parameter of planned.params) {
      if (parameter.disposed) throw new Error(`${parameter.label} was disposed: take it out of its group`);
      if (!hasGradient(parameter)) continue;
      const entry = this.#entry(parameter, state);
      if (parameter.dtype !== "float64") {
        planned.float32 = true;
        planned.running ||= planned.momentum && (entry.rows !== null || (entry.buffer !== null && !entry.fresh));
      }
      if (parameter.sparse === null) this.#addDense(planned, parameter, entry);
      else this.#addSparse(scalars, parameter, entry, gradients);
    }
  }

  #entry(parameter: AnyParameter, state: OptimizerState): ParameterState {
    const known = state.get(parameter);
    if (known !== undefined) return known;
    this.#added.push(parameter);
    return state.entry(parameter);
  }

  #addSparse(scalars: Scalars, parameter: AnyParameter, entry: ParameterState, gradients: GradientOptions): void {
    // A duplicate finds the buffer that the parameter's earlier update leaves.
    let before = entry.rows;
    for (const update of this.sparse) if (before && update.entry === entry) before = update.buffer ?? before;
    this.sparse.push(new SparseUpdate(scalars, parameter, entry).prepare(gradients, before));
  }

  #addDense({ scalars, momentum, merge }: PlannedGroup, parameter: AnyParameter, entry: ParameterState): void {
    if (momentum && entry.rows) refuseSparseBuffer(parameter);
    if (momentum && entry.buffer === null) {
      this.#fresh.push(entry);
      entry.allocate();
      entry.fresh = true;
    }
    const span: Span = {
      scalars,
      engine: parameter.engine,
      dtype: parameter.dtype,
      kernel: parameter.engine.kernel[parameter.dtype],
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
  if (group !== planned.group || group.params?.length !== params.length) return false;
  // Of what counts as a number only 0 and false are no momentum; what does not is refused when it is read.
  const momentum = group.momentum !== 0 && (group.momentum as unknown) !== false;
  if (momentum !== planned.momentum || (group.foreach !== false) !== planned.merge) return false;
  for (let i = 0; i < params.length; i++) if (group.params[i] !== params[i]) return false;
  return true;
}

/** Whether `next` goes on where `last` ends, in parameters, gradients and buffers. */
function isAdjacent(last: Span, next: Span): boolean {
  const bytes = last.n * ELEMENT_BYTES[last.dtype];
  return (
    last.scalars === next.scalars &&
    last.engine === next.engine &&
    last.dtype === next.dtype &&
    last.fresh === next.fresh &&
    last.p + bytes === next.p &&
    last.g + bytes === next.g &&
    (last.b === 0 || last.b + bytes === next.b)
  );
}
