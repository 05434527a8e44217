// Momentum as tfjs saves it with a model: an array for each variable, by its name.

import { gotOf } from "../common/checks.js";
import { parametersOf } from "../optimizer/groups.js";
import type { AnyParameter } from "../parameter.js";
import type { SGD } from "../sgd.js";
import type { NamedTensor } from "./types.js";

/** By the names of variables, in the order of the groups. */
export type Momentum = Map<string, { shape: readonly number[]; data: Float32Array }>;

/** @throws TypeError for anything but what `getWeights` gives: the number of steps, then momentum, each a tensor with its name */
export function checkWeights(weights: readonly NamedTensor[]): void {
  if (!Array.isArray(weights) || weights.length === 0) throw unlikeWeights(gotOf(weights));
  for (const [i, given] of weights.entries()) {
    const { name, tensor } = given ?? {};
    const isTensor = typeof tensor?.data === "function" && !tensor.isDisposed && (i > 0 || tensor.size === 1);
    if (typeof name !== "string" || !isTensor) throw unlikeWeights(`${gotOf(name ?? given)} at index ${i}`);
  }
}

function unlikeWeights(got: string): TypeError {
  return new TypeError(
    `setWeights takes what getWeights gives, [{ name: "iter", tensor }, …] with tensors that are not disposed; got ${got}`,
  );
}

/** Copies of the momentum of every variable that has one. */
export function saveMomentum({ paramGroups, state }: SGD): Momentum {
  const saved: Momentum = new Map();
  for (const parameter of parametersOf(paramGroups)) {
    const data = state.get(parameter)?.momentumBuffer as Float32Array | null | undefined;
    if (data) saved.set(parameter.name!, { shape: parameter.shape, data: data.slice() });
  }
  return saved;
}

/**
 * `saved` under the names of the variables that are trained: where it has none of them, because a model was loaded beside
 * another of its kind, what is saved belongs to them in their order.
 *
 * @throws Error when that cannot be
 */
export function renamed(saved: Momentum, { paramGroups }: SGD): Momentum {
  const names = [...parametersOf(paramGroups)].map(({ name }) => name!);
  if (saved.size === 0 || names.some((name) => saved.has(name))) return saved;
  if (saved.size !== names.length) {
    throw new Error(`setWeights has the momentum of ${[...saved.keys()]}, but trained are ${names}`);
  }
  return new Map([...saved.values()].map((momentum, i) => [names[i], momentum]));
}

/**
 * Moves the momentum of these variables from `saved` to the state; those that are not in `saved` have none.
 *
 * @throws Error when a shape is another one; nothing has changed then
 */
export function takeMomentum(saved: Momentum, parameters: readonly AnyParameter[], { state }: SGD): void {
  for (const { name, shape } of parameters) {
    const got = saved.get(name!)?.shape ?? shape;
    if (`${got}` !== `${shape}`)
      throw new Error(`${name} has the shape [${shape}], its momentum in setWeights [${got}]`);
  }
  for (const parameter of parameters) {
    const momentum = saved.get(parameter.name!);
    if (momentum) state.set(parameter, { momentumBuffer: momentum.data });
    else state.delete(parameter);
    saved.delete(parameter.name!);
  }
}
