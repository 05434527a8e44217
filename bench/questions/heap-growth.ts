// By how many bytes the JavaScript heap grows per step: a process of its own, started by memory.ts with what to measure.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { StepOptions } from "sgd-wasm";
import { createEngine, SGD } from "sgd-wasm";
import { createThreadedEngine } from "sgd-wasm/threads";
import { fill, MOMENTUM } from "../contenders/workload.js";

const WARM_UP = 20_000;
const COUNTED = 5_000;
const ATTEMPTS = 7;

export interface HeapQuestion {
  sizes: readonly number[];
  options?: StepOptions;
  /** default 1, by `createEngine` */
  threads?: number;
}

async function measure({ sizes, options, threads = 1 }: HeapQuestion): Promise<number> {
  const collect = exposedCollector();
  const engine = threads === 1 ? createEngine() : await createThreadedEngine({ threads });
  const parameters = sizes.map((size) => engine.parameter(size));
  for (const [t, parameter] of parameters.entries()) fill(parameter.ensureGrad(), 2 * t + 1);
  const { lr, momentum, weightDecay } = MOMENTUM;
  const optimizer = new SGD(parameters, { lr, momentum, weightDecay });
  const run = (steps: number) => {
    if (options) for (let i = 0; i < steps; i++) optimizer.step(null, options);
    else for (let i = 0; i < steps; i++) optimizer.step();
  };
  run(WARM_UP);
  // The least of several: now and then the engine compiles something anew, which takes memory of the same heap.
  const attempts = Array.from({ length: ATTEMPTS }, () => {
    collect();
    const before = process.memoryUsage().heapUsed;
    run(COUNTED);
    return process.memoryUsage().heapUsed - before;
  });
  engine.dispose();
  return Math.max(0, Math.min(...attempts)) / COUNTED;
}

function exposedCollector(): () => void {
  setFlagsFromString("--expose-gc");
  // Room for all that the counted steps could leave: no collection comes in between.
  setFlagsFromString("--max-semi-space-size=64");
  return runInNewContext("gc") as () => void;
}

console.log(await measure(JSON.parse(process.argv[2])));
