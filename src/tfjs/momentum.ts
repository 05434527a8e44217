// Momentum as tfjs saves it with a model: a tensor for each variable, by the names that tf.train.momentum gives them.

import type { StateDict } from "../common/tensor-data.js";
import type { SGD } from "../sgd.js";

export interface SavedMomentum {
  /** of the variable, followed by "/momentum" */
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

const SUFFIX = "/momentum";

/** Copies of the momentum of every variable that has one. */
export function saveMomentum(sgd: SGD): SavedMomentum[] {
  const { state, param_groups } = sgd.stateDict();
  const names = namesOf(param_groups);
  return Object.entries(state).flatMap(([id, { momentum_buffer: buffer }]) => {
    return buffer ? [{ name: names[Number(id)] + SUFFIX, shape: buffer.shape, data: buffer.data as Float32Array }] : [];
  });
}

/**
 * Replaces all momentum: by the variables' names, or, where no name is known (a model was loaded beside another of its kind), in
 * their order.
 *
 * @throws Error when it does not fit; nothing has changed then
 */
export function loadMomentum(sgd: SGD, saved: readonly SavedMomentum[]): void {
  const dict = sgd.stateDict();
  const names = namesOf(dict.param_groups);
  let ids = saved.map(({ name }) => names.indexOf(name.slice(0, -SUFFIX.length)));
  if (saved.length === names.length && ids.every((id) => id < 0)) ids = [...ids.keys()];
  if (ids.includes(-1)) throw new Error(`setWeights has ${saved.map(({ name }) => name)}, but trained are ${names}`);
  const entries = saved.map((tensor, i) => [ids[i], { momentum_buffer: { ...tensor, dtype: "float32" } }]);
  sgd.loadStateDict({ ...dict, state: Object.fromEntries(entries) }, { keepHyperparameters: true, match: "position" });
}

/** The names of all parameters, in the order of their ids. */
export function namesOf(groups: StateDict["param_groups"]): string[] {
  return groups.flatMap(({ param_names }) => (param_names ?? []) as string[]);
}
