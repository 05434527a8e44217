// The averages as plain data, as torch.optim.swa_utils.AveragedModel has it.

import { isRecord, tagOf, typeName } from "../common/checks.js";
import type { FloatArray } from "../common/dtype.js";
import type { TensorData } from "../common/tensor-data.js";
import { numberOf, valuesFor } from "../optimizer/tensor.js";
import type { Parameter } from "../parameter.js";

/** `n_averaged`, and every average by its name behind `module.`. */
export type AveragedModelState = Record<string, TensorData | Counter | number>;

/** A whole number as PyTorch keeps it: an int64 tensor without dimensions. */
interface Counter {
  dtype: "int64";
  shape: number[];
  data: BigInt64Array;
}

const PREFIX = "module.";

export function saveState(nAveraged: number, named: ReadonlyMap<string, Parameter>): AveragedModelState {
  const state: AveragedModelState = Object.create(null);
  state.n_averaged = { dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(nAveraged)) };
  for (const [name, { dtype, shape, data }] of named) {
    state[PREFIX + name] = { dtype, shape: [...shape], data: data.slice() };
  }
  return state;
}

/** @throws Error, TypeError for what is no state dict of these averages */
export function checkState(
  dict: unknown,
  named: ReadonlyMap<string, Parameter>,
): { nAveraged: number; values: [Parameter, FloatArray][] } {
  const entries = entriesOf(dict);
  const nAveraged = countOf(entries.get("n_averaged"));
  const missing = [...named.keys()].filter((name) => !entries.has(PREFIX + name));
  if (missing.length > 0) {
    throw new Error(`the state dict has no ${missing.map((name) => JSON.stringify(PREFIX + name)).join(", ")}`);
  }
  const values = [...named].map(([name, parameter]): [Parameter, FloatArray] => [
    parameter,
    valuesFor(parameter, entries.get(PREFIX + name), PREFIX + name) as FloatArray,
  ]);
  return { nAveraged, values };
}

function entriesOf(dict: unknown): Map<unknown, unknown> {
  if (tagOf(dict) === "Map") return dict as Map<unknown, unknown>;
  if (isRecord(dict)) return new Map(Object.entries(dict));
  throw new TypeError(`the state dict of an AveragedModel must be an object, got ${typeName(dict)}`);
}

function countOf(value: unknown): number {
  const count = numberOf(value);
  if (typeof count === "number" && Number.isInteger(count) && count >= 0) return count;
  throw new TypeError(`n_averaged must be an int64 tensor or an integer from 0 on, got ${typeName(value)}`);
}
