// Momentum as tfjs saves it with a model: a tensor for each variable, by the names that tf.train.momentum gives them.

import type { OptimizerState } from "../optimizer/state.js";
import type { Parameter } from "../parameter.js";

export interface SavedMomentum {
  /** of the variable, followed by "/momentum" */
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

const nameOf = (parameter: Parameter) => `${parameter.name}/momentum`;

/** Copies of the buffers of the parameters that have one. */
export function saveMomentum(parameters: Iterable<Parameter>, state: OptimizerState): SavedMomentum[] {
  const saved: SavedMomentum[] = [];
  for (const parameter of parameters) {
    const buffer = state.get(parameter)?.momentumBuffer as Float32Array | null | undefined;
    if (buffer) saved.push({ name: nameOf(parameter), shape: parameter.shape, data: buffer.slice() });
  }
  return saved;
}

/**
 * Whose momentum each of these is: by name, or, where no name is known (a model was loaded beside another of its kind), in
 * their order. Undefined for those whose parameter is not there yet.
 *
 * @throws Error when they do not fit
 */
export function ownersOf(saved: readonly SavedMomentum[], parameters: readonly Parameter[]): (Parameter | undefined)[] {
  let owners = saved.map(({ name }) => parameters.find((parameter) => nameOf(parameter) === name));
  if (saved.length > 0 && parameters.length > 0 && !owners.some(Boolean)) {
    if (saved.length !== parameters.length) {
      throw new Error(
        `setWeights has momentum of ${saved.length} variables, but ${parameters.length} are trained here`,
      );
    }
    owners = [...parameters];
  }
  for (const [i, { name, shape }] of saved.entries()) {
    const owner = owners[i];
    if (owner && String(owner.shape) !== String(shape)) {
      throw new Error(`setWeights has ${name} of shape [${shape}] for ${owner.name} of shape [${owner.shape}]`);
    }
  }
  return owners;
}
