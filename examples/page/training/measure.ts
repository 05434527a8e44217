// What the small print says of the kernel.

import { type Engine, SGD } from "sgd-wasm";
import { DEFAULTS, LAYERS } from "../../digits/defaults.js";
import { createNetwork } from "../../digits/network.js";
import type { Kernel, Settings } from "../protocol.js";

/** A stretch is long enough for clocks that step by a millisecond; of several, the shortest is least disturbed. */
const MILLISECONDS = 10;
const STRETCHES = 4;
const STEPS_AT_ONCE = 50;

/** Makes steps of a copy of the network for a while. */
export function measure(engine: Engine, { lr, momentum, nesterov, weightDecay }: Settings): Kernel {
  const { parameters } = createNetwork(engine, LAYERS, DEFAULTS.dtype, DEFAULTS.seed);
  const optimizer = new SGD(parameters, { lr, momentum, nesterov, weightDecay });
  const elements = parameters.reduce((sum, { size }) => sum + size, 0);
  try {
    for (const parameter of parameters) parameter.ensureGrad();
    const stretches = Array.from({ length: STRETCHES }, () => timeOf(optimizer));
    return {
      info: engine.info,
      memory: engine.memory.buffer.byteLength,
      parameters: elements,
      nanoseconds: (Math.min(...stretches) * 1e6) / elements,
    };
  } finally {
    for (const parameter of parameters) parameter.dispose();
  }
}

/** Milliseconds for a step. */
function timeOf(optimizer: SGD): number {
  const start = performance.now();
  let steps = 0;
  let elapsed = 0;
  while (elapsed < MILLISECONDS) {
    for (let i = 0; i < STEPS_AT_ONCE; i++) optimizer.step();
    steps += STEPS_AT_ONCE;
    elapsed = performance.now() - start;
  }
  return elapsed / steps;
}
