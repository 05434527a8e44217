// The optimizer as plain data.

import type { Parameter } from "../parameter.js";
import type { StateDict, StateDictGroup, TensorData } from "../state-dict.js";
import type { ParamGroup } from "./options.js";
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
): StateDict {
  const indices = indexParameters(groups);
  const saved: Record<string, unknown> = { ...(clone(aside) as object) };
  for (const [parameter, entry] of state) {
    const index = indices.get(parameter);
    if (index === undefined) continue;
    saved[index] = { momentum_buffer: entry.momentumBuffer && snapshot(parameter, entry.momentumBuffer) };
  }
  return { state: saved as StateDict["state"], param_groups: groups.map((group) => saveGroup(group, indices)) };
}

function indexParameters(groups: readonly ParamGroup[]): Map<Parameter, number> {
  const indices = new Map<Parameter, number>();
  for (const [index, parameter] of groups.flatMap((group) => [...group.params]).entries())
    indices.set(parameter, index);
  return indices;
}

/** The group's own order of keys, as in PyTorch, with params last. */
function saveGroup(group: ParamGroup, indices: ReadonlyMap<Parameter, number>): StateDictGroup {
  const saved: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(group)) {
    if (key !== "params") saved[key === "weightDecay" ? "weight_decay" : key] = clone(value);
  }
  const params = [...group.params];
  const names = parameterNames(params);
  if (names && names.length > 0) saved.param_names = names;
  saved.params = params.map((parameter) => indices.get(parameter));
  return saved as unknown as StateDictGroup;
}

/** The names of a group's parameters, as newer versions of PyTorch save them; null unless all have one. */
export function parameterNames(params: readonly Parameter[]): string[] | null {
  const names = params.map((parameter) => parameter.name);
  return names.every((name) => name !== undefined) ? names : null;
}

/** Extra keys of groups may hold anything; what has no copy, such as a function, is kept itself. */
export function clone(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}

function snapshot(parameter: Parameter, values: Float32Array | Float64Array): TensorData {
  return { dtype: parameter.dtype, shape: [...parameter.shape], data: values.slice() };
}
