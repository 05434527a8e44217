// The averages as plain data, as torch.optim.swa_utils.AveragedModel has it.

import { isRecord, tagOf, typeName } from "../common/checks.js";
import { checkTensor } from "../common/elements.js";
import type { TensorData } from "../common/tensor-data.js";
import { numberOf } from "../optimizer/tensor.js";
import type { AnyParameter } from "../parameter.js";

/** `n_averaged`, and every average by its name behind `module.`. */
export type AveragedModelState = Record<string, TensorData | Counter | number>;

/** A whole number as PyTorch keeps it: an int64 tensor without dimensions. */
interface Counter {
  dtype: "int64";
  shape: number[];
  data: BigInt64Array;
}

const PREFIX = "module.";

export function saveState(nAveraged: number, named: ReadonlyMap<string, AnyParameter>): AveragedModelState {
  const state: AveragedModelState = Object.create(null);
  state.n_averaged = { dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(nAveraged)) };
  for (const [name, { dtype, shape, data }] of named) {
    state[PREFIX + name] = { dtype, shape: [...shape], data: data.slice() };
  }
  return state;
}

/** @throws Error, TypeError for anything but a state dict of these averages */
export function checkState(
  dict: unknown,
  named: ReadonlyMap<string, AnyParameter>,
): { nAveraged: number; tensors: [AnyParameter, TensorData][] } {
  const entries = entriesOf(dict);
  const nAveraged = countOf(entries.get("n_averaged"));
  const missing = [...named.keys()].filter((name) => !entries.has(PREFIX + name));
  if (missing.length > 0) {
    throw new Error(`the state dict has no ${missing.map((name) => JSON.stringify(PREFIX + name)).join(", ")}`);
  }
  const tensors = [...named].map(([name, parameter]): [AnyParameter, TensorData] => {
    const key = PREFIX + name;
    return [parameter, checkTensor(entries.get(key), parameter.shape, key, parameter.label)];
  });
  return { nAveraged, tensors };
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
