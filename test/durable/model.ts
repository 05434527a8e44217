// The model of the tests: several tensors, and gradients that depend on the pulled parameters, so that one push that is lost or
// counted twice changes every later bit; and the one machine that results are compared with.

import { createEngine, type Parameter, SGD, type SGDOptions } from "sgd-wasm";
import type { ParameterClient, RunOptions } from "sgd-wasm/durable";
import { assertSameBits, type FloatArray } from "../support/bits.js";
import { mulberry32, values } from "../support/random.js";

export type DType = "float32" | "float64";
export type Shape = [shape: number[], dtype?: DType];

/** More than a block, one element more than a block, few, one and no elements. */
export const SHAPES: Shape[] = [[[200, 330]], [[10]], [[]], [[65_537]], [[0, 3]], [[7, 9]]];

export function makeParameters(
  shapes: Shape[] = SHAPES,
  rounding: "fused" | "separate" = "fused",
  seed = 1,
): Parameter[] {
  const engine = createEngine({ rounding });
  const next = mulberry32(seed);
  return shapes.map(([shape, dtype = "float32"], i) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return engine.parameter(shape, { dtype, data: values(next, size, dtype), name: `tensor ${i}` });
  });
}

/** The gradient of a rank at a step for the present parameters. */
export function setGradients(params: readonly Parameter[], step: number, rank: number): void {
  const next = mulberry32(1000 * step + rank);
  for (const parameter of params) {
    const { data } = parameter;
    const grad = values(next, parameter.size, parameter.dtype) as FloatArray;
    for (let i = 0; i < grad.length; i++) grad[i] += data[i];
    parameter.grad = grad;
  }
}

/** What one machine does: gradients added in the order of rank, then `SGD.step`. */
export class OneMachine {
  readonly params: Parameter[];
  readonly optimizer: SGD;
  readonly #options: RunOptions;
  step = 0;

  constructor(options: RunOptions, shapes?: Shape[], groupsOf: (params: Parameter[]) => unknown = (params) => params) {
    this.params = makeParameters(shapes, options.rounding);
    this.#options = options;
    const { lr, workers, reduce, maxGradNorm, rounding, elementsPerShard, rejectNonfinite, ...sgd } = options;
    this.optimizer = new SGD(groupsOf(this.params) as Parameter[], { lr: 1, ...(sgd as SGDOptions) });
  }

  takeStep(): void {
    const { lr, workers = 1, reduce = "mean", maxGradNorm } = this.#options;
    const sums: FloatArray[] = [];
    for (let rank = 0; rank < workers; rank++) {
      setGradients(this.params, this.step, rank);
      this.params.forEach(({ grad }, i) => {
        if (rank === 0) sums.push(grad!.slice() as FloatArray);
        else for (let k = 0; k < grad!.length; k++) sums[i][k] += grad![k];
      });
    }
    this.params.forEach((parameter, i) => {
      parameter.grad = sums[i];
    });
    for (const group of this.optimizer.paramGroups) {
      const own = group.rates as typeof lr | undefined;
      group.lr = rateAt(own ?? lr, this.step);
    }
    this.optimizer.step(null, { gradScale: reduce === "mean" ? 1 / workers : 1, maxGradNorm });
    this.step++;
  }
}

export function rateAt(lr: number | readonly number[], step: number): number {
  return typeof lr === "number" ? lr : lr[Math.min(step, lr.length - 1)];
}

/** One worker that trains up to a step. */
export async function train(client: ParameterClient, params: Parameter[], steps: number): Promise<void> {
  const { rank } = await client.join();
  for (let step = await client.pull(params); step < steps; step = await client.next(step)) {
    await client.pull(params, { step });
    setGradients(params, step, rank);
    await client.push(params, { step });
  }
}

/** Parameters and momentum are those of one machine, bit for bit. */
export async function assertSameAs(machine: OneMachine, client: ParameterClient, shapes?: Shape[]): Promise<void> {
  const pulled = makeParameters(shapes, "fused", 2);
  const at = await client.pull(pulled);
  if (at !== machine.step) throw new Error(`the run is at step ${at}, the machine at ${machine.step}`);
  pulled.forEach(({ data }, i) => {
    assertSameBits(data as FloatArray, machine.params[i].data as FloatArray, `tensor ${i}`);
  });
  const { state } = await client.stateDict();
  const expected = machine.optimizer.stateDict().state;
  if (Object.keys(state).join() !== Object.keys(expected).join()) throw new Error("the state has other entries");
  for (const [index, { momentum_buffer: buffer }] of Object.entries(expected)) {
    const got = state[Number(index)].momentum_buffer;
    if (!buffer || !got) {
      if (buffer !== got) throw new Error(`momentum of tensor ${index}: ${got} and ${buffer}`);
      continue;
    }
    assertSameBits(got.data as FloatArray, buffer.data as FloatArray, `momentum of tensor ${index}`);
  }
}
