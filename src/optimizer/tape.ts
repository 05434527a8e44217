// Recorded steps, and the derivative of each: the update rule from the cotangents of what a step wrote to the cotangents of what
// it read. Everything is on the JavaScript heap, so a record needs no freeing, and in JavaScript's own float64, with every
// operation rounded, so the bits are the same on every runtime and in every build of the kernel.

import { ARRAY_TYPE, type FloatArray } from "../memory/region.js";
import { describe, type Parameter } from "../parameter.js";
import type { ParamGroup } from "./options.js";
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
  /** null where the step created the buffer or used none */
  momentumBuffers: (FloatArray | null)[];
  /** of the options of each group, summed in float64; 0 for an option that the step did not use */
  groups: { lr: number; momentum: number; dampening: number; weightDecay: number }[];
}

/** What a step read of one parameter. The arrays are copies. */
interface Reading {
  parameter: Parameter;
  /** the options of its group as they were */
  scalars: Scalars;
  /** only where there was one, and so for the others */
  gradient?: FloatArray;
  /** the elements, only with weight decay */
  values?: FloatArray;
  /** only where the step went on with one */
  buffer?: FloatArray;
}

export class Tape {
  /** by group */
  readonly #steps: Reading[][][] = [];
  /** Cotangents of buffers that the steps taken back so far did not touch: they belong to an earlier step. */
  #carried = new Map<Parameter, FloatArray>();

  /** Copies what a prepared step is about to read, as far as its derivative depends on it. */
  record(groups: readonly ParamGroup[], state: OptimizerState): void {
    const params = groups.flatMap((group) => group.params);
    if (new Set(params).size !== params.length) {
      throw new Error("a differentiable step cannot record a parameter twice");
    }
    this.#steps.push(groups.map((group) => read(group, state)));
    this.#carried.clear();
  }

  /** Drops all recorded steps. */
  clear(): void {
    this.#steps.length = 0;
    this.#carried.clear();
  }

  /** The vector-Jacobian product of the latest recorded step, which is then forgotten. */
  backward(cotangents: StepCotangents): StepGradients {
    const step = this.#steps[this.#steps.length - 1];
    if (!step) throw new Error("there is no recorded step: construct SGD with differentiable: true, and call step()");
    const all = step.flat();
    const params = copyCotangents("params", cotangents.params, all);
    const buffers = copyCotangents("momentumBuffers", cotangents.momentumBuffers ?? all.map(() => null), all);
    const result: StepGradients = { params, grads: [], momentumBuffers: [], groups: [] };
    const carried = new Map(this.#carried);
    for (const readings of step) {
      const totals = { lr: 0, momentum: 0, dampening: 0, weightDecay: 0 };
      for (const reading of readings) {
        const i = result.grads.length;
        carry(carried, reading, buffers[i]);
        result.grads.push(differentiate(reading, params[i], buffers[i], totals));
        result.momentumBuffers.push(reading.buffer ? buffers[i] : null);
      }
      result.groups.push(totals);
    }
    // Only now, when nothing can fail any more.
    this.#carried = carried;
    this.#steps.pop();
    return result;
  }
}

function read(group: ParamGroup, state: OptimizerState): Reading[] {
  const scalars = new Scalars();
  scalars.read(group);
  return group.params.map((parameter) => {
    const { data, grad, sparse } = parameter;
    if (sparse) throw new Error(`${describe(parameter)} has a sparse gradient: a differentiable step cannot record it`);
    if (!grad) return { parameter, scalars };
    const { weightDecay, momentum } = scalars;
    const entry = state.get(parameter);
    const runs = momentum !== 0 && !entry?.fresh;
    return {
      parameter,
      scalars,
      gradient: grad.slice(),
      values: weightDecay !== 0 ? data.slice() : undefined,
      buffer: runs ? entry?.momentumBuffer?.slice() : undefined,
    };
  });
}

/** Adds to a buffer's cotangent what was carried to this step, or carries it on if the step did not touch the buffer. */
function carry(carried: Map<Parameter, FloatArray>, reading: Reading, cBuffer: FloatArray): void {
  const { parameter, scalars, gradient } = reading;
  carried.get(parameter)?.forEach((x, i) => {
    cBuffer[i] += x;
  });
  if (gradient && scalars.momentum !== 0) carried.delete(parameter);
  else carried.set(parameter, cBuffer);
}

/**
 * With c(x) for the cotangent of x, d1 for the gradient after maximize and decay, and d2 for what is multiplied by -lr:
 *
 *   c(d2) = -lr·c(p')                        c(lr)          = -Σ c(p')·d2
 *   c(b') = c(b') + c(d2)                    c(momentum)    = Σ c(b')·b          + Σ c(d2)·b' with Nesterov
 *           c(b') + momentum·c(d2), Nesterov
 *   c(b)  = momentum·c(b')                   c(dampening)   = -Σ c(b')·d1
 *   c(d1) = (1 - dampening)·c(b')            c(weightDecay) = Σ c(d1)·p
 *           + c(d2) with Nesterov
 *   c(p)  = c(p') + weightDecay·c(d1)
 *   c(g)  = c(d1), or -c(d1) with maximize
 *
 * A first step has b' = d1 instead: c(d1) gets c(b'), and there is no c(b).
 *
 * @param cParams c(p'), which becomes c(p)
 * @param cBuffer c(b'), which becomes c(b)
 * @param totals to which the cotangents of the options are added
 * @returns c(g); null without a gradient, when nothing else happens either
 */
function differentiate(
  { scalars, gradient, values, buffer }: Reading,
  cParams: FloatArray,
  cBuffer: FloatArray,
  totals: StepGradients["groups"][number],
): FloatArray | null {
  if (!gradient) return null;
  const { negativeLr, weightDecay, momentum, undamped, nesterov, sign } = scalars;
  const cGradient = gradient.slice();
  // Sums in variables of their own, and no closure: engines compile the loop to much faster code so.
  let cLr = 0;
  let cMomentum = 0;
  let cDampening = 0;
  let cDecay = 0;
  for (let i = 0; i < gradient.length; i++) {
    let d1 = sign * gradient[i];
    if (values) d1 += weightDecay * values[i];
    let d2 = d1;
    const c2 = negativeLr * cParams[i];
    let c1 = c2;
    if (momentum !== 0) {
      const written = buffer ? momentum * buffer[i] + undamped * d1 : d1;
      const cWritten = cBuffer[i] + (nesterov ? momentum * c2 : c2);
      if (nesterov) {
        d2 += momentum * written;
        cMomentum += c2 * written;
      } else {
        d2 = written;
        c1 = 0;
      }
      if (buffer) {
        c1 += undamped * cWritten;
        cMomentum += cWritten * buffer[i];
        cDampening -= cWritten * d1;
        cBuffer[i] = momentum * cWritten;
      } else {
        c1 += cWritten;
      }
    }
    cLr -= cParams[i] * d2;
    if (values) {
      cDecay += c1 * values[i];
      cParams[i] += weightDecay * c1;
    }
    cGradient[i] = sign * c1;
  }
  totals.lr += cLr;
  totals.momentum += cMomentum;
  totals.dampening += cDampening;
  totals.weightDecay += cDecay;
  return cGradient;
}

/** Arrays of our own, one for each parameter; null stands for zeros. */
function copyCotangents(name: string, list: StepCotangents["params"], readings: readonly Reading[]): FloatArray[] {
  if (!Array.isArray(list) || list.length !== readings.length) {
    throw new RangeError(`${name} must hold ${readings.length} cotangents, one per parameter, got ${list?.length}`);
  }
  return readings.map(({ parameter }, i) => {
    parameter.checkAlive();
    const ArrayType = ARRAY_TYPE[parameter.dtype];
    const values = list[i] ?? null;
    if (values === null) return new ArrayType(parameter.size);
    if (values.length !== parameter.size) {
      throw new RangeError(`${name}[${i}] must have ${parameter.size} elements, got ${values.length}`);
    }
    return new ArrayType(values);
  });
}
