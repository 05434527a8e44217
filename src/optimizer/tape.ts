// Recorded steps, and the derivative of each. Records are on the JavaScript heap, so that nothing has to free them.

import { checkNumbers, isRecord, typeName } from "../common/checks.js";
import { ARRAY_TYPE, type FloatArray, isHalf } from "../common/dtype.js";
import { FIRST } from "../kernel/flags.js";
import { Region } from "../memory/region.js";
import type { AnyParameter, Parameter } from "../parameter.js";
import { type ParamGroup, parametersOf } from "./groups.js";
import { Scalars } from "./scalars.js";
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
  /** null where the step created the buffer or there was none; as given where the step left a buffer alone */
  momentumBuffers: (FloatArray | null)[];
  /** of the options of each group, summed in float64; 0 for an option that the step did not use */
  groups: { lr: number; momentum: number; dampening: number; weightDecay: number }[];
}

/** What a step read of one parameter. Arrays are copies. */
interface Reading {
  parameter: AnyParameter;
  /** the options of its group as they were */
  scalars: Scalars;
  /** only where there was one, and so for the others */
  gradient?: FloatArray;
  /** the elements, only with weight decay */
  values?: FloatArray;
  /** only where the step went on with one */
  buffer?: FloatArray;
  /** there was a buffer, and the step did not touch it */
  leavesBuffer: boolean;
}

export class Tape {
  /** by group */
  readonly #steps: Reading[][][] = [];

  /** Copies what a prepared step is about to read, as far as its derivative depends on it. */
  record(groups: readonly ParamGroup[], state: OptimizerState): void {
    const params = parametersOf(groups);
    if (new Set(params).size !== params.length) {
      throw new Error("a differentiable step cannot record a parameter twice");
    }
    this.#steps.push(groups.map((group) => read(group, state)));
  }

  /** Drops all recorded steps. */
  clear(): void {
    this.#steps.length = 0;
  }

  /** The vector-Jacobian product of the latest recorded step, which is then forgotten. */
  backward(cotangents: StepCotangents): StepGradients {
    const step = this.#steps[this.#steps.length - 1];
    if (!step) throw new Error("there is no recorded step: construct SGD with differentiable: true, and call step()");
    // Other keys are welcome: the result of one call goes into the next.
    if (!isRecord(cotangents)) {
      throw new TypeError(`backward takes cotangents { params, momentumBuffers }, got ${typeName(cotangents)}`);
    }
    const all = step.flat();
    const params = copyCotangents("params", cotangents.params, all);
    const buffers = copyCotangents("momentumBuffers", cotangents.momentumBuffers ?? all.map(() => null), all);
    const result: StepGradients = { params, grads: [], momentumBuffers: [], groups: [] };
    for (const readings of step) {
      const totals = { lr: 0, momentum: 0, dampening: 0, weightDecay: 0 };
      for (const reading of readings) {
        const i = result.grads.length;
        result.grads.push(differentiate(reading, params[i], buffers[i], totals));
        result.momentumBuffers.push(reading.buffer || reading.leavesBuffer ? buffers[i] : null);
      }
      result.groups.push(totals);
    }
    this.#steps.pop(); // only now, when nothing can fail any more
    return result;
  }
}

function read(group: ParamGroup, state: OptimizerState): Reading[] {
  const scalars = new Scalars();
  scalars.read(group);
  return [...group.params].map((parameter) => {
    const { data, grad, sparse } = parameter as Parameter<"float32" | "float64">;
    if (isHalf(parameter.dtype)) {
      throw new Error(`${parameter.label} is ${parameter.dtype}: differentiable steps are for float32 and float64`);
    }
    if (sparse) throw new Error(`${parameter.label} has a sparse gradient: a differentiable step cannot record it`);
    const entry = state.get(parameter);
    const before = entry && !entry.fresh ? (entry.momentumBuffer as FloatArray | null) : null;
    const uses = grad !== null && scalars.momentum !== 0;
    const reading: Reading = { parameter, scalars, leavesBuffer: before !== null && !uses };
    if (grad) {
      reading.gradient = grad.slice();
      if (scalars.weightDecay !== 0) reading.values = data.slice();
      if (before && uses) reading.buffer = before.slice();
    }
    return reading;
  });
}

/**
 * The kernel's derivative of the step, in linear memory for as long as it takes.
 *
 * @param cParams the cotangents of the parameter after the step, which become those of it before
 * @param cBuffer the same of the momentum buffer
 * @param totals to which the cotangents of the options are added
 * @returns the gradient's cotangents; null without a gradient, when nothing else happens either
 */
function differentiate(
  { parameter, scalars, gradient, values, buffer }: Reading,
  cParams: FloatArray,
  cBuffer: FloatArray,
  totals: StepGradients["groups"][number],
): FloatArray | null {
  if (!gradient) return null;
  const { allocator, kernel } = parameter.engine;
  const cGradient = gradient.slice();
  const size = gradient.length;
  const regions: Region[] = [];
  try {
    // In float64, in pairs; the sums at the end.
    for (let i = 0; i < 6; i++) regions.push(Region.create(allocator, "float64", size + 4));
    [values, cGradient, buffer, cParams, cBuffer].forEach((array, i) => {
      if (array) regions[i].view.set(array);
    });
    const [p, g, b, cp, cb, sums] = regions.map(({ address }) => address);
    kernel.backward(buffer ? scalars.flags : scalars.flags | FIRST, { p, g, b, cp, cb, sums }, size, scalars);
    const written = regions.map(({ view }) => view.subarray(0, size));
    cGradient.set(written[1]);
    cParams.set(written[3]);
    cBuffer.set(written[4]);
    for (const [i, name] of SUMS.entries()) totals[name] += regions[5].view[i];
  } finally {
    for (const region of regions) region.free();
  }
  return cGradient;
}

/** What the kernel sums, in its order. */
const SUMS = ["lr", "momentum", "dampening", "weightDecay"] as const;

/** Arrays of our own, one for each parameter; null stands for zeros. */
function copyCotangents(name: string, list: StepCotangents["params"], readings: readonly Reading[]): FloatArray[] {
  if (!Array.isArray(list) || list.length !== readings.length) {
    throw new RangeError(
      `${name} must hold ${readings.length} cotangents, one per parameter, got ${list?.length ?? typeName(list)}`,
    );
  }
  return readings.map(({ parameter }, i) => {
    parameter.checkAlive();
    const ArrayType = ARRAY_TYPE[parameter.dtype as "float32" | "float64"];
    const given = list[i] ?? null;
    if (given === null) return new ArrayType(parameter.size);
    const values = checkNumbers(given, `${name}[${i}]`);
    if (values.length !== parameter.size) {
      throw new RangeError(`${name}[${i}] must have ${parameter.size} elements, got ${values.length}`);
    }
    return new ArrayType(values);
  });
}
