// A model's state dict, as it comes out of a file, as a flat list of named tensors.

import { tagOf } from "../../common/checks.js";
import { isDType } from "../../common/dtype.js";
import type { TensorData } from "../../common/tensor-data.js";
import { isMap, isPlainObject } from "../io/kind.js";
import { type AnyTensorData, checkTensor } from "../io/tensor.js";

/**
 * Tensors by name: what the decoders give for `model.state_dict()`. Containers in containers (objects, `Map`s, arrays) stand
 * for names joined by ".".
 */
// biome-ignore lint/suspicious/noExplicitAny: what a decoder gives is any, and what is in it is checked.
export type ParameterTree = Record<string, any> | Map<string | number, any> | readonly any[];

const MAX_DEPTH = 500;
/** What `module.get_extra_state()` gives is anything, and no tensor of the model. */
const EXTRA_STATE = /(^|\.)_extra_state$/;

/** Every tensor of the tree under its full name, in order. Throws a `TypeError` that names whatever is no tensor. */
export function flattenTree(tree: ParameterTree): Map<string, AnyTensorData> {
  const tensors = new Map<string, AnyTensorData>();
  if (typeof tree !== "object" || tree === null || isTensor(tree)) {
    throw new TypeError("expected a model's state dict: an object of tensors by name");
  }
  collect(tree, "", 0, tensors);
  return tensors;
}

function collect(node: object, prefix: string, depth: number, tensors: Map<string, AnyTensorData>): void {
  if (depth > MAX_DEPTH) throw new TypeError(`the state dict is nested more than ${MAX_DEPTH} deep, or in a cycle`);
  for (const [key, value] of entriesOf(node, prefix)) {
    const name = prefix === "" ? String(key) : `${prefix}.${String(key)}`;
    if (EXTRA_STATE.test(name)) continue;
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
      const given = value === null ? "null" : typeof value === "object" ? "an array of numbers" : `a ${typeof value}`;
      throw new TypeError(
        `${JSON.stringify(name)} is ${given} where a tensor is expected: pass the model's own state dict, without what was saved beside it`,
      );
    }
    if (!isTensor(value)) {
      collect(value, name, depth + 1, tensors);
      continue;
    }
    if (tensors.has(name)) throw new TypeError(`two tensors of the state dict have the name ${JSON.stringify(name)}`);
    checkTensor(value, `tensor ${JSON.stringify(name)}`);
    tensors.set(name, value);
  }
}

function entriesOf(node: object, name: string): Iterable<[unknown, unknown]> {
  if (isMap(node) || Array.isArray(node)) return node.entries();
  if (isPlainObject(node)) return Object.entries(node);
  const what = name === "" ? "the state dict" : JSON.stringify(name);
  throw new TypeError(`${what} is a ${tagOf(node)}: expected tensors by name`);
}

/** Also what is a tensor in all but its data, so that the message is about those. */
function isTensor(value: object): value is AnyTensorData {
  return "data" in value && "shape" in value && typeof (value as AnyTensorData).dtype === "string";
}

/**
 * Whether a tensor of a state dict is one of the model's parameters, as far as that can be seen: those hold floats, and are
 * not the statistics of a normalisation layer, which are `running_mean` and `running_var` side by side.
 */
export function isParameter(name: string, tensor: AnyTensorData, names: ReadonlyMap<string, unknown>): boolean {
  if (!isFloat(tensor)) return false;
  const sibling = name.replace(/running_(mean|var)$/, (_, which) => `running_${which === "mean" ? "var" : "mean"}`);
  return sibling === name || !names.has(sibling);
}

/** Whether a tensor has one of the dtypes of parameters. */
export function isFloat(tensor: AnyTensorData): tensor is TensorData {
  return isDType(tensor.dtype);
}
