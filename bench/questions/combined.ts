// Is it worth it to scale, clip, step and zero in one call?

import { clipGradNorm, createEngine, SGD } from "sgd-wasm";
import { fill, MOMENTUM } from "../contenders/workload.js";
import { now } from "../support/clock.js";
import type { Measurement } from "../support/measurement.js";
import { count, digits, type Table, times } from "../support/table.js";
import { type Effort, type Runner, ratio, timeInTurns } from "../support/timing.js";
import type { Answer, Settings } from "./question.js";

const SIZE = 4_194_304;
const QUICK_SIZE = 1_048_576;
const SCALE = 0.5;
/** Below the norm of the gradients, so that they are clipped. */
const MAX_NORM = 1;

export async function combined({ effort, quick }: Settings): Promise<Answer> {
  const size = quick ? QUICK_SIZE : SIZE;
  using engine = createEngine();
  const parameter = engine.parameter(size);
  fill(parameter.data, 0);
  const gradient = new Float32Array(size);
  fill(gradient, 1);
  parameter.grad = gradient;
  const { lr, momentum, weightDecay } = MOMENTUM;
  const optimizer = new SGD([parameter], { lr, momentum, weightDecay });

  /** Every run has gradients of its own, which are not part of the time. */
  const runner = (step: () => void): Runner => ({
    run(repetitions) {
      let elapsed = 0;
      for (let i = 0; i < repetitions; i++) {
        parameter.grad = gradient;
        const start = now();
        step();
        elapsed += now() - start;
      }
      return elapsed;
    },
  });
  const scaleInPlace = () => {
    const { grad } = parameter;
    if (grad) for (let i = 0; i < grad.length; i++) grad[i] *= SCALE;
  };
  const pairs: [string, () => void, () => void][] = [
    [
      "scale, clip, step, zero",
      () => optimizer.step(null, { gradScale: SCALE, maxGradNorm: MAX_NORM, zeroGrad: true }),
      () => {
        scaleInPlace();
        clipGradNorm([parameter], MAX_NORM);
        optimizer.step();
        optimizer.zeroGrad();
      },
    ],
    [
      "clip, step, zero",
      () => optimizer.step(null, { maxGradNorm: MAX_NORM, zeroGrad: true }),
      () => {
        clipGradNorm([parameter], MAX_NORM);
        optimizer.step();
        optimizer.zeroGrad();
      },
    ],
    [
      "clip, step",
      () => optimizer.step(null, { maxGradNorm: MAX_NORM }),
      () => {
        clipGradNorm([parameter], MAX_NORM);
        optimizer.step();
      },
    ],
    [
      "step, zero",
      () => optimizer.step(null, { zeroGrad: true }),
      () => {
        optimizer.step();
        optimizer.zeroGrad();
      },
    ],
  ];
  const measurements: Measurement[] = [];
  for (const [what, together, apart] of pairs) {
    measurements.push(...(await compare(what, size, runner(together), runner(apart), effort)));
  }
  return { measurements, tables: [table(size, measurements)] };
}

async function compare(
  what: string,
  size: number,
  together: Runner,
  apart: Runner,
  effort: Effort,
): Promise<Measurement[]> {
  const timings = await timeInTurns([together, apart], effort);
  return timings.map((timing, i) => ({
    question: "combined",
    what,
    who: i === 0 ? "one call" : "separate calls",
    elements: size,
    bytes: 0,
    timing,
  }));
}

function table(size: number, measurements: readonly Measurement[]): Table {
  const rows: string[][] = [];
  for (let i = 0; i < measurements.length; i += 2) {
    const [together, apart] = [measurements[i].timing, measurements[i + 1].timing];
    rows.push([
      measurements[i].what,
      digits(together.median / size),
      digits(apart.median / size),
      times(ratio(apart, together)),
    ]);
  }
  return {
    title: `StepOptions in one call, and separate calls: float32, ${count(size)} elements, ns per element`,
    head: ["", "one call", "separate calls", "separate / one"],
    rows,
    notes: ["Scaling as a separate call is a loop in JavaScript: nothing else is offered for it."],
  };
}
