// The optimizer as plain data.

import type { ElementArray } from "../common/dtype.js";
import type { StateDict, TensorData } from "../common/tensor-data.js";
import type { AnyParameter } from "../parameter.js";
import { type ParamGroup, parametersOf } from "./groups.js";
import { type GivenNames, namesOf } from "./names.js";
import { keyOnDisk } from "./spelling.js";
import type { OptimizerState } from "./state.js";

/**
 * A snapshot. Parameters go by their index over all groups; of duplicates in a group the last index counts, as in PyTorch.
 *
 * @param aside state entries of a loaded dict that no group mentioned
 */
export function saveState(
  groups: readonly ParamGroup[],
  state: OptimizerState,
  aside: Readonly<Record<string, unknown>>,
  given: GivenNames,
): StateDict {
  const indices = new Map(parametersOf(groups).map((parameter, index) => [parameter, index]));
  const saved = cloneEntries(aside);
  for (const [parameter, index] of indices) {
    const entry = state.get(parameter);
    if (entry) saved[index] = { momentum_buffer: entry.momentumBuffer && snapshot(parameter, entry.momentumBuffer) };
  }
  const savedGroups = groups.map(({ params, ...options }) => {
    const names = namesOf(params, given);
    const group: Record<string, unknown> = {
      ...(names.length > 0 && { param_names: names }),
      ...cloneEntries(options, keyOnDisk),
    };
    group.params = [...params].map((parameter) => indices.get(parameter)); // last, as in PyTorch
    return group;
  });
  return { state: saved, param_groups: savedGroups } as unknown as StateDict;
}

function snapshot({ dtype, shape }: AnyParameter, values: ElementArray): TensorData {
  return { dtype, shape: [...shape], data: values.slice() };
}

/** A copy of a dict, whose keys may get another spelling. */
export function cloneEntries(dict: object, spell: (key: string) => string = String): Record<string, unknown> {
  return Object.fromEntries(Object.entries(dict).map(([key, value]) => [spell(key), clone(value)]));
}

/** Keys that are not ours may hold anything; what has no copy, such as a function, is kept itself. */
export function clone(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}
