// Recorded steps, and the derivative of each.

import { ARRAY_TYPE, type FloatArray, lasting, Region } from "../memory/region.js";
import { describe, type Parameter } from "../parameter.js";
import type { ParamGroup } from "./options.js";
import type { OptimizerState } from "./state.js";

/** Cotangents (derivatives of some scalar) of what a step wrote, over all parameters of all groups. Null stands for zeros. */
export interface StepCotangents {
  params: readonly (FloatArray | readonly number[] | null)[];
  momentumBuffers?: readonly (FloatArray | readonly number[] | null)[];
}

/** Cotangents of what the step read. Arrays are flat, of the parameters' dtypes. */
export interface StepGradients {
  params: FloatArray[];
  /** null where the parameter had no gradient in that step */
  grads: (FloatArray | null)[];
  /** null where the step created the buffer or used none */
  momentumBuffers: (FloatArray | null)[];
  /** of the options of each group, summed in float64; 0 for an option that the step did not use */
  groups: { lr: number; momentum: number; dampening: number; weightDecay: number }[];
}

/** As in assembly/backward.ts. */
const FLAG = { maximize: 1, decay: 2, momentum: 4, first: 8, nesterov: 16 } as const;

/** What one step read of one parameter that had a gradient. */
interface Reading {
  values: Region;
  gradient: Region;
  /** null on a first step, or without momentum */
  buffer: Region | null;
  flags: number;
}

interface GroupRecord {
  lr: number;
  momentum: number;
  dampening: number;
  weightDecay: number;
  entries: { parameter: Parameter; reading: Reading | null }[];
}

export class Tape {
  readonly #steps: GroupRecord[][] = [];
  /** Cotangents of buffers that the steps taken back so far did not touch: they belong to an earlier step. */
  #carried = new Map<Parameter, FloatArray>();

  /** Copies what a prepared step is about to read: 2 arrays per parameter with a gradient, 3 with a running momentum. */
  record(groups: readonly ParamGroup[], state: OptimizerState): void {
    const params = groups.flatMap((group) => group.params);
    if (new Set(params).size !== params.length) {
      throw new Error("a differentiable step cannot record a parameter that comes more than once");
    }
    const step: GroupRecord[] = [];
    this.#steps.push(step);
    try {
      for (const group of groups) {
        const { lr, momentum, dampening, weightDecay } = group;
        const record: GroupRecord = { lr, momentum, dampening, weightDecay, entries: [] };
        step.push(record);
        for (const parameter of group.params) {
          if (parameter.sparse)
            throw new Error(`${describe(parameter)} has a sparse gradient, which a differentiable step cannot record`);
          record.entries.push({ parameter, reading: parameter.hasGrad ? read(group, parameter, state) : null });
        }
      }
    } catch (error) {
      this.#forget();
      throw error;
    }
    this.#carried.clear();
  }

  /** Drops all recorded steps. */
  clear(): void {
    while (this.#steps.length > 0) this.#forget();
    this.#carried.clear();
  }

  /** The vector-Jacobian product of the latest recorded step, which is then forgotten. */
  backward(cotangents: StepCotangents): StepGradients {
    const step = this.#steps[this.#steps.length - 1];
    if (step === undefined) {
      throw new Error(
        "there is no recorded step to take back: construct SGD with differentiable: true, and call step() first",
      );
    }
    const entries = step.flatMap((group) => group.entries);
    const params = entries.map(({ parameter }, i) => cotangent(parameter, cotangents.params?.[i], `params[${i}]`));
    const buffers = entries.map(({ parameter }, i) =>
      cotangent(parameter, cotangents.momentumBuffers?.[i], `momentumBuffers[${i}]`),
    );
    checkLength(cotangents.params, entries.length, "params");
    if (cotangents.momentumBuffers) checkLength(cotangents.momentumBuffers, entries.length, "momentumBuffers");
    const result: StepGradients = { params, grads: [], momentumBuffers: [], groups: [] };
    const carried = new Map(this.#carried);
    for (const group of step) result.groups.push(backwardGroup(group, result, buffers, carried));
    this.#carried = carried;
    this.#forget();
    return result;
  }

  #forget(): void {
    for (const group of this.#steps.pop() ?? []) {
      for (const { reading, parameter } of group.entries) if (reading) freeReading(reading, parameter);
    }
  }
}

/** Fills in one group of the result. `carried` is read and changed. */
function backwardGroup(
  group: GroupRecord,
  result: StepGradients,
  buffers: FloatArray[],
  carried: Map<Parameter, FloatArray>,
): StepGradients["groups"][number] {
  const sums = { lr: 0, momentum: 0, dampening: 0, weightDecay: 0 };
  for (const { parameter, reading } of group.entries) {
    const i = result.grads.length;
    const kept = carried.get(parameter);
    const buffer = kept ? buffers[i].map((x, k) => x + kept[k]) : buffers[i];
    if (reading && reading.flags & FLAG.momentum) carried.delete(parameter);
    else carried.set(parameter, buffer);
    const made = reading && differentiate(group, parameter, reading, result.params[i], buffer, sums);
    if (made) result.params[i] = made.params;
    result.grads.push(made ? made.grad : null);
    result.momentumBuffers.push(made ? made.buffer : null);
  }
  return sums;
}

function read(group: ParamGroup, parameter: Parameter, state: OptimizerState): Reading {
  const entry = state.get(parameter);
  const withMomentum = Number(group.momentum) !== 0;
  const running = withMomentum && !entry?.fresh;
  const made: Region[] = [];
  const copy = (source: () => FloatArray): Region => {
    const region = new Region(parameter.engine.allocator, parameter.dtype, parameter.size);
    made.push(region);
    // The source is read after the allocation: a view of before may be dead.
    region.view.set(source());
    return region;
  };
  try {
    const reading = {
      values: copy(() => parameter.data),
      gradient: copy(() => parameter.grad as FloatArray),
      buffer: running ? copy(() => entry?.momentumBuffer as FloatArray) : null,
      flags:
        (group.maximize ? FLAG.maximize : 0) |
        (Number(group.weightDecay) !== 0 ? FLAG.decay : 0) |
        (withMomentum ? FLAG.momentum : 0) |
        (withMomentum && !running ? FLAG.first : 0) |
        (group.nesterov ? FLAG.nesterov : 0),
    };
    for (const region of made) parameter.attached.add(region);
    return reading;
  } catch (error) {
    for (const region of made) region.free();
    throw error;
  }
}

function freeReading({ values, gradient, buffer }: Reading, parameter: Parameter): void {
  for (const region of [values, gradient, buffer]) {
    if (region === null) continue;
    parameter.attached.delete(region);
    region.free();
  }
}

function differentiate(
  group: GroupRecord,
  parameter: Parameter,
  { values, gradient, buffer, flags }: Reading,
  cParams: FloatArray,
  cBuffer: FloatArray,
  totals: StepGradients["groups"][number],
): { params: FloatArray; grad: FloatArray; buffer: FloatArray | null } {
  const { engine, dtype, size } = parameter;
  const regions: Region[] = [];
  const place = (type: "float32" | "float64", source: () => FloatArray): Region => {
    const region = new Region(engine.allocator, type, source().length);
    regions.push(region);
    // The source is read after the allocation: a view of before may be dead.
    region.view.set(source());
    return region;
  };
  try {
    const cp = place(dtype, () => cParams);
    const cb = place(dtype, () => cBuffer);
    // A copy, so that the record is still whole if the memory runs out for a later parameter.
    const g = place(dtype, () => gradient.view);
    const zeros = new Float64Array(4);
    const sums = place("float64", () => zeros);
    engine.kernel[dtype].backward(
      flags,
      values.address,
      g.address,
      buffer?.address ?? 0,
      cp.address,
      cb.address,
      size,
      Number(group.lr),
      Number(group.weightDecay),
      Number(group.momentum),
      1 - group.dampening,
      sums.address,
    );
    const [lr, momentum, dampening, weightDecay] = sums.view;
    totals.lr += lr;
    totals.momentum += momentum;
    totals.dampening += dampening;
    totals.weightDecay += weightDecay;
    return { params: cp.view.slice(), grad: g.view.slice(), buffer: buffer && cb.view.slice() };
  } finally {
    for (const region of regions) region.free();
  }
}

function checkLength(list: readonly unknown[], expected: number, name: string): void {
  if (!Array.isArray(list) || list.length !== expected) {
    throw new RangeError(
      `${name} must hold ${expected} cotangents, one for each parameter, got ${list?.length ?? typeof list}`,
    );
  }
}

function cotangent(parameter: Parameter, values: ArrayLike<number> | null | undefined, what: string): FloatArray {
  const ArrayType = ARRAY_TYPE[parameter.dtype];
  if (values === null || values === undefined) return new ArrayType(parameter.size);
  if (values.length !== parameter.size) {
    throw new RangeError(
      `${what} must have the ${parameter.size} elements of ${describe(parameter)}, got ${values.length}`,
    );
  }
  return new ArrayType(lasting(values, parameter.engine.memory));
}
