// What every project runs: all of the package that a page would use. `run()` gives what has to be the same everywhere.

import { createEngine, SGD } from "sgd-wasm";
import { decodeTorch, encodeSafetensors, encodeTorch } from "sgd-wasm/checkpoint";
import { createThreadedEngine, threadsAvailable } from "sgd-wasm/threads";
import { exported } from "./exported.mjs";

/** The second is long enough that threads share its steps. */
const SIZES = [33, 40_003];
const STEPS = 10;

export async function run() {
  const engine = createEngine();
  const separate = createEngine({ rounding: "separate" });
  return {
    fma: engine.info.fma,
    bits: await train(engine),
    separate: { fma: separate.info.fma, bits: await train(separate) },
    threads: await inThreads(),
    exported,
  };
}

/** With the bits of an engine of two threads, or the reason why there is none. */
async function inThreads() {
  try {
    const engine = await createThreadedEngine({ threads: 2 });
    const bits = await train(engine);
    const { threads } = engine.info;
    engine.dispose();
    return { available: threadsAvailable(), threads, bits };
  } catch (error) {
    return { available: threadsAvailable(), reason: error.message };
  }
}

/** Steps, then steps with a new optimizer that goes on from a checkpoint: a digest of what they end with. */
async function train(engine) {
  const parameters = SIZES.map((n) => engine.parameter(n, { data: Array.from({ length: n }, (_, i) => Math.sqrt(i)) }));
  const first = new SGD(parameters, { lr: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true });
  steps(first, parameters);
  const second = new SGD(parameters, { lr: 1 });
  second.loadStateDict(decodeTorch(encodeTorch(first.stateDict())));
  steps(second, parameters);
  const tensors = parameters.map(({ data, shape }, i) => [`${i}`, { dtype: "float32", shape: [...shape], data }]);
  return digest(encodeSafetensors(Object.fromEntries(tensors)));
}

function steps(optimizer, parameters) {
  for (let step = 0; step < STEPS; step++) {
    for (const parameter of parameters) parameter.grad = parameter.data.map((x) => x - step);
    optimizer.step();
  }
}

async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
