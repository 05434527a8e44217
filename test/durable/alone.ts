// One client that creates a run and trains it: the same program in every place.

import { createEngine, type Parameter, SGD } from "sgd-wasm";
import { ParameterClient, type ParameterClientOptions } from "sgd-wasm/durable";

const STEPS = 3;
const OPTIONS = { lr: 0.3, momentum: 0.9 };

function newModel(): Parameter[] {
  const engine = createEngine();
  return [engine.parameter(1_000, { data: Float32Array.from({ length: 1_000 }, (_, i) => 1 / (i + 1)) })];
}

function setGradients(params: Parameter[]): void {
  for (const parameter of params) parameter.ensureGrad().set(parameter.data);
}

/** The parameters in the end, and what they have to be. */
export async function trainAlone(options: ParameterClientOptions): Promise<{ got: number[]; expected: number[] }> {
  const client = new ParameterClient(options);
  const params = newModel();
  await client.create(params, OPTIONS);
  for (let step = await client.pull(params); step < STEPS; step = await client.next(step)) {
    await client.pull(params, { step });
    setGradients(params);
    await client.push(params, { step });
  }
  await client.pull(params);
  const machine = newModel();
  const optimizer = new SGD(machine, OPTIONS);
  for (let step = 0; step < STEPS; step++) {
    setGradients(machine);
    optimizer.step();
  }
  return { got: Array.from(params[0].data), expected: Array.from(machine[0].data) };
}
