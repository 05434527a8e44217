// sgd-wasm: optimizer.step() as a whole.

import { readFileSync } from "node:fs";
import { createEngine, type EngineOptions, SGD } from "sgd-wasm";
import { now } from "../support/clock.js";
import { type Contender, fill, type Prepared, samplePoints, type Workload } from "./workload.js";

const PACKAGE = new URL("../../package.json", import.meta.url);

/** An engine with these options, under this name. */
export function contender(name: string, options: EngineOptions, foreach: boolean | null = null): Contender {
  return {
    name,
    get version() {
      return JSON.parse(readFileSync(PACKAGE, "utf8")).version;
    },
    async prepare(workload) {
      return prepare(workload, options, foreach);
    },
  };
}

function prepare(workload: Workload, engineOptions: EngineOptions, foreach: boolean | null): Prepared {
  const { sizes, dtype, ...options } = workload;
  const engine = createEngine(engineOptions);
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
    sample: () => samplePoints(sizes).map(({ tensor, index }) => parameters[tensor].data[index]),
    dispose: () => engine.dispose(),
  };
}
