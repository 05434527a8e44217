// The first steps of a process, one by one: started by first-steps.ts with what to measure.

import { createEngine, SGD } from "sgd-wasm";
import { createThreadedEngine } from "sgd-wasm/threads";
import { fill, MOMENTUM } from "../contenders/workload.js";
import { now } from "../support/clock.js";
import { quantile } from "../support/timing.js";
import type { FirstSteps, FirstStepsQuestion } from "./first-steps.js";

const MEASURED_MILLISECONDS = 700;
const WINDOW = 10;
const TOLERANCE = 1.25;

async function measure({ size, threads }: FirstStepsQuestion): Promise<FirstSteps> {
  const engine = threads === 1 ? createEngine() : await createThreadedEngine({ threads });
  const parameter = engine.parameter(size);
  fill(parameter.ensureGrad(), 1);
  const { lr, momentum, weightDecay } = MOMENTUM;
  const optimizer = new SGD([parameter], { lr, momentum, weightDecay });
  const starts = [now()];
  while (starts[starts.length - 1] - starts[0] < MEASURED_MILLISECONDS * 1e6) {
    optimizer.step();
    starts.push(now());
  }
  engine.dispose();
  const steps = starts.slice(1).map((end, i) => end - starts[i]);
  const typical = quantile(steps.slice(-Math.ceil(steps.length / 4)), 0.5);
  let first = 0;
  while (quantile(steps.slice(first, first + WINDOW), 0.5) > TOLERANCE * typical) first++;
  return { firstStep: steps[0] / 1e6, fullSpeed: (starts[first] - starts[0]) / 1e6 };
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]))));
