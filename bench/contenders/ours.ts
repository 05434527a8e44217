// sgd-wasm: optimizer.step() as a whole.

import { readFileSync } from "node:fs";
import { createEngine, type Engine, type EngineOptions, SGD } from "sgd-wasm";
import { createThreadedEngine } from "sgd-wasm/threads";
import { now } from "../support/clock.js";
import { type Contender, fill, type Prepared, sampleOf, type Workload } from "./workload.js";

const PACKAGE = new URL("../../package.json", import.meta.url);

interface Use {
  foreach?: boolean | null;
  threads?: number;
}

/** An engine with these options, under this name. */
export function contender(name: string, options: EngineOptions, { foreach = null, threads = 1 }: Use = {}): Contender {
  return {
    name,
    get version() {
      return JSON.parse(readFileSync(PACKAGE, "utf8")).version;
    },
    async prepare(workload) {
      const engine = threads === 1 ? createEngine(options) : await createThreadedEngine({ ...options, threads });
      return prepare(workload, engine, foreach);
    },
  };
}

function prepare(workload: Workload, engine: Engine, foreach: boolean | null): Prepared {
  const { sizes, dtype, ...options } = workload;
  // All parameters and then all gradients, as a model that is built and then trained.
  const parameters = sizes.map((size) => engine.parameter(size, { dtype }));
  for (const parameter of parameters) parameter.ensureGrad();
  for (const [t, parameter] of parameters.entries()) {
    fill(parameter.data, 2 * t);
    fill(parameter.ensureGrad(), 2 * t + 1);
  }
  const optimizer = new SGD(parameters, { ...options, foreach });
  return {
    run(steps) {
      const start = now();
      for (let i = 0; i < steps; i++) optimizer.step();
      return now() - start;
    },
    sample: () => sampleOf(sizes, (t) => parameters[t].data as ArrayLike<number>),
    dispose: () => engine.dispose(),
  };
}
