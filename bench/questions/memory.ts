// How much memory does an optimizer need, and does a step leave anything to the garbage collector?

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createEngine, SGD, type StepOptions } from "sgd-wasm";
import { fill, MOMENTUM } from "../contenders/workload.js";
import { count, digits, type Table } from "../support/table.js";
import type { Answer } from "./question.js";
import { RESNET50_SIZES } from "./resnet50.js";

export async function memory(): Promise<Answer> {
  return { measurements: [], tables: [linearMemory(), heap()] };
}

const LISTS: [string, number[]][] = [
  ["1 tensor of 1,000", [1000]],
  ["1,000 tensors of 100", new Array(1000).fill(100)],
  ["1 tensor of 1,048,576", [1_048_576]],
  ["ResNet-50", RESNET50_SIZES],
];

function linearMemory(): Table {
  const rows = LISTS.map(([name, sizes]) => {
    const { engine } = setUp(sizes);
    const elements = sizes.reduce((sum, n) => sum + n, 0);
    const { allocatedBytes } = engine.info;
    engine.dispose();
    return [
      name,
      count(allocatedBytes),
      digits(allocatedBytes / elements),
      `${digits((allocatedBytes / elements / 12 - 1) * 100)} %`,
    ];
  });
  return {
    title: "Linear memory: float32 with gradient and momentum",
    head: ["", "allocated bytes", "bytes per element", "beyond 12"],
    rows,
  };
}

const STEPS: [string, number[], StepOptions | undefined][] = [
  ["step(), 1 tensor", [1000], undefined],
  ["step(), 1,000 tensors", new Array(1000).fill(100), undefined],
  ["step(null, { zeroGrad })", [1000], { zeroGrad: true }],
  ["step(null, { gradScale })", [1000], { gradScale: 0.5 }],
  ["step(null, { maxGradNorm })", [1000], { maxGradNorm: 1 }],
];

const WARM_UP = 20_000;
const COUNTED = 5_000;
const ATTEMPTS = 7;

function heap(): Table {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const rows = STEPS.map(([name, sizes, options]) => {
    const { engine, optimizer } = setUp(sizes);
    const run = (steps: number) => {
      for (let i = 0; i < steps; i++) optimizer.step(null, options);
    };
    run(WARM_UP);
    // The least of several: now and then the engine compiles something anew, which takes memory of the same heap.
    const attempts = Array.from({ length: ATTEMPTS }, () => grown(() => run(COUNTED), collect));
    const bytes = Math.max(0, Math.min(...attempts) / COUNTED);
    engine.dispose();
    return [name, digits(Math.round(bytes))];
  });
  return {
    title: "JavaScript heap: bytes that a step leaves to the garbage collector",
    head: ["", "bytes per step"],
    rows,
  };
}

/** By how much the heap grew while it ran. Little enough is run that no collection comes in between. */
function grown(run: () => void, collect: () => void): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  run();
  return process.memoryUsage().heapUsed - before;
}

function setUp(sizes: readonly number[]) {
  const engine = createEngine();
  const parameters = sizes.map((size) => engine.parameter(size));
  for (const [t, parameter] of parameters.entries()) fill(parameter.ensureGrad(), 2 * t + 1);
  const { lr, momentum, weightDecay } = MOMENTUM;
  const optimizer = new SGD(parameters, { lr, momentum, weightDecay });
  optimizer.step();
  return { engine, optimizer };
}
