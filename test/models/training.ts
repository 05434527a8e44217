// A small model that has been trained for a step, for suites about checkpoints.

import { createEngine, type Parameter, SGD } from "sgd-wasm";
import { loadParameters } from "sgd-wasm/checkpoint";
import { rounding } from "../support/context.js";

export const float32 = (...data: number[]) => ({
  dtype: "float32" as const,
  shape: [data.length],
  data: Float32Array.from(data),
});
export const model = () => ({
  "conv.weight": { dtype: "float32" as const, shape: [2, 1, 2], data: Float32Array.of(1, 2, 3, 4) },
  "norm.weight": float32(1, 1),
  "norm.running_mean": float32(5, 6),
  "norm.running_var": float32(7, 8),
  "norm.num_batches_tracked": { dtype: "int64" as const, shape: [], data: BigInt64Array.of(3n) },
  "head.weight": { dtype: "float64" as const, shape: [], data: Float64Array.of(0.1) },
});

/** An optimizer that has made a step with gradients of 1, and its parameters. */
export function trained(engine = createEngine({ rounding })) {
  const parameters = loadParameters(engine, model());
  const optimizer = new SGD(Object.values(parameters), { lr: 0.1, momentum: 0.9 });
  step(parameters, optimizer);
  return { engine, parameters, optimizer };
}

export function step(parameters: Record<string, Parameter>, optimizer: SGD): void {
  for (const parameter of Object.values(parameters)) parameter.grad = new Array(parameter.size).fill(1);
  optimizer.step();
}
