// How much memory does an optimizer need, and does a step leave anything to the garbage collector?

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createEngine, SGD } from "sgd-wasm";
import { MOMENTUM } from "../contenders/workload.js";
import { count, type Table } from "../support/table.js";
import type { HeapQuestion } from "./heap-growth.js";
import type { Answer } from "./question.js";
import { RESNET50_SIZES } from "./resnet50.js";

export async function memory(): Promise<Answer> {
  return { measurements: [], tables: [linearMemory(), heap()] };
}

const THOUSAND_TENSORS = new Array(1000).fill(100);

const LISTS: [string, number[]][] = [
  ["1 tensor of 1,000", [1000]],
  ["1,000 tensors of 100", THOUSAND_TENSORS],
  ["1 tensor of 1,048,576", [1_048_576]],
  ["ResNet-50", RESNET50_SIZES],
];

function linearMemory(): Table {
  const rows = LISTS.map(([name, sizes]) => {
    using engine = createEngine();
    const parameters = sizes.map((size) => engine.parameter(size));
    for (const parameter of parameters) parameter.ensureGrad();
    new SGD(parameters, { lr: MOMENTUM.lr, momentum: MOMENTUM.momentum }).step();
    const elements = sizes.reduce((sum, n) => sum + n, 0);
    const { allocatedBytes } = engine.info;
    const beyond = (allocatedBytes / elements / 12 - 1) * 100;
    return [name, count(allocatedBytes), (allocatedBytes / elements).toFixed(3), `${beyond.toFixed(2)} %`];
  });
  return {
    title: "Linear memory: float32 with gradient and momentum",
    head: ["", "allocated bytes", "bytes per element", "beyond 12"],
    rows,
    notes: ["Every region starts at a multiple of 16 bytes, a vector: up to 15 bytes of each are not used."],
  };
}

const STEPS: Record<string, HeapQuestion> = {
  "step(), 1 tensor": { sizes: [1000] },
  "step(), 1,000 tensors": { sizes: THOUSAND_TENSORS },
  "step(), 2 threads": { sizes: [65_536], threads: 2 },
  "step(null, { zeroGrad })": { sizes: [1000], options: { zeroGrad: true } },
  "step(null, { gradScale })": { sizes: [1000], options: { gradScale: 0.5 } },
  "step(null, { maxGradNorm })": { sizes: [1000], options: { maxGradNorm: 1 } },
};

function heap(): Table {
  const script = fileURLToPath(new URL("heap-growth.ts", import.meta.url));
  const rows = Object.entries(STEPS).map(([name, question]) => {
    const args = [...process.execArgv, script, JSON.stringify(question)];
    return [name, Number(execFileSync(process.execPath, args, { encoding: "utf8" })).toFixed(0)];
  });
  return {
    title: "JavaScript heap: bytes that a step leaves to the garbage collector",
    head: ["", "bytes per step"],
    rows,
  };
}
