// Parameters of an engine from a model's state dict, and back. The engine comes as an argument, so that reading a file does
// not load a kernel.

import { checkKeys } from "../../common/checks.js";
import { type DType, isHalf } from "../../common/dtype.js";
import { isSameShape, writeTensor } from "../../common/elements.js";
import type { StateDict, TensorData } from "../../common/tensor-data.js";
import type { Engine } from "../../engine.js";
import { lasting } from "../../memory/region.js";
import type { AnyParameter, Parameter } from "../../parameter.js";
import type { SGD } from "../../sgd.js";
import { CheckpointError } from "../io/error.js";
import { objectOrMap } from "../io/kind.js";
import type { AnyTensorData } from "../io/tensor.js";
import { flattenTree, isFloat, isParameter, type ParameterTree } from "./tree.js";

/** Options of `loadParameters`. */
export interface LoadParametersOptions {
  /**
   * Which tensors become parameters, called with each one's full name. Default: those of floats, without `running_mean` and
   * `running_var` of normalisation layers. True for a tensor of integers or booleans is an error.
   */
  include?: (name: string, tensor: AnyTensorData) => boolean;
  /**
   * Whether float16 and bfloat16 tensors become float32 parameters, which changes no value and is how most models are
   * trained (default true), or keep their dtype and every bit.
   */
  widen?: boolean;
}

/** Options of `saveParameters`. */
export interface SaveParametersOptions {
  /**
   * The state dict that the parameters were loaded from, or one like it: what else is in it (buffers, counters) is saved as
   * it is there, and its order is kept.
   */
  base?: ParameterTree;
  /**
   * Give views of linear memory instead of copies; default false. They cost no memory, must be encoded before anything
   * allocates or steps, and must not be cloned: a clone of a view copies the engine's whole memory.
   */
  live?: boolean;
}

/** Parameters by name: an object or a `Map` of them, pairs, or the parameters themselves, each with its `name`. */
export type NamedParameters =
  | Readonly<Record<string, AnyParameter>>
  | Iterable<AnyParameter | readonly [string, AnyParameter]>;

/**
 * Makes a parameter of every parameter in a model's state dict: `model.state_dict()` as `decodeTorch` gives it, or
 * `decodeSafetensors(bytes).tensors`.
 *
 * The result lists the parameters by their full names ("layers.0.weight": nested objects, `Map`s and arrays are joined by
 * ".") in the order of the dict, which is that of `model.parameters()`: an object without a prototype, or a `Map` where a
 * name looks like a natural number (a `ParameterList`'s "0"), because objects put such names first. `SGD`, `saveParameters`
 * and `restoreParameters` take either. Every parameter has its name as `parameter.name`, so `SGD` saves and matches state by
 * name. Shapes stay; float16 and bfloat16 become float32 unless `options.widen`
 * is false, other dtypes stay. One and the same tensor object under two names is one parameter,
 * called by the first; a file does not say which tensors were tied, so tied ones come as two.
 *
 * Left out is what an optimizer does not train: integers and booleans (`num_batches_tracked`), `running_mean` and
 * `running_var`, `_extra_state`. `options.include` decides otherwise, and `saveParameters(…, { base })` writes them back.
 *
 * Throws a `TypeError` that names whatever is not a tensor (as in a whole checkpoint: pass its `model`), and the engine's `RangeError`
 * when memory runs out. Everything is checked first; after an error no parameter is left over.
 *
 * ```ts
 * const { model, optimizer } = decodeTorch(bytes);
 * const parameters = loadParameters(engine, model);
 * const sgd = new SGD(parameters, { lr: 0.1 });
 * sgd.loadStateDict(optimizer);
 * ```
 */
export function loadParameters(
  engine: Engine,
  tree: ParameterTree,
  options?: LoadParametersOptions & { widen?: true },
): Record<string, Parameter>;
export function loadParameters(
  engine: Engine,
  tree: ParameterTree,
  options?: LoadParametersOptions,
): Record<string, AnyParameter>;
export function loadParameters(
  engine: Engine,
  tree: ParameterTree,
  options: LoadParametersOptions = {},
): Record<string, AnyParameter> {
  checkKeys(options, ["include", "widen"], "loadParameters");
  const { include, widen = true } = options;
  // Making a parameter may let the memory grow, which would take views of it.
  const chosen = choose(flattenTree(tree), include);
  const data = chosen.map(([, tensor]) => lasting(tensor.data, engine.memory));
  const made = new Map<TensorData, AnyParameter>();
  const parameters = new Map<string, AnyParameter>();
  try {
    for (const [i, [name, tensor]] of chosen.entries()) {
      const parameter = made.get(tensor) ?? engine.parameter(tensor.shape, { dtype: dtypeFor(tensor, widen), name });
      if (!made.has(tensor)) writeTensor(parameter.data, parameter.dtype, { ...tensor, data: data[i] });
      made.set(tensor, parameter);
      parameters.set(name, parameter);
    }
  } catch (error) {
    for (const parameter of made.values()) parameter.dispose();
    throw error;
  }
  return objectOrMap(parameters) as Record<string, AnyParameter>;
}

/**
 * The way back: tensors by name, for `encodeTorch` (`model.load_state_dict` accepts what `torch.load` gives for it) and
 * `encodeSafetensors`. Takes what `loadParameters` gave, or any parameters that have names. Copies, unless `options.live`;
 * dtypes are the parameters'.
 *
 * Throws a `TypeError` for a parameter without a name, for one name twice, and for one whose shape is another in `options.base`.
 *
 * ```ts
 * const bytes = encodeTorch({ model: saveParameters(parameters, { base: model }), optimizer: sgd.stateDict(), epoch });
 * ```
 */
export function saveParameters(
  parameters: NamedParameters,
  options: SaveParametersOptions = {},
): Record<string, AnyTensorData> {
  checkKeys(options, ["base", "live"], "saveParameters");
  const named = byName(parameters);
  const saved = new Map<string, AnyTensorData>();
  for (const [name, tensor] of options.base === undefined ? [] : flattenTree(options.base)) {
    const parameter = named.get(name);
    if (parameter !== undefined && !isSameShape(parameter.shape, tensor.shape)) {
      throw new TypeError(shapeFault(name, parameter, tensor));
    }
    saved.set(name, tensor);
  }
  // Tied parameters are one tensor, which is written once.
  const tensors = new Map<AnyParameter, TensorData>();
  for (const [name, parameter] of named) {
    const { dtype, shape, data } = parameter;
    const tensor = tensors.get(parameter) ?? { dtype, shape: [...shape], data: options.live ? data : data.slice() };
    tensors.set(parameter, tensor);
    saved.set(name, tensor);
  }
  return objectOrMap(saved) as Record<string, AnyTensorData>;
}

/**
 * Copies a model's state dict into parameters that exist, matched by name, and, when `optimizer` is given, the optimizer's
 * into it: both or, on any error, neither. Values are rounded to the parameter's dtype where the dict's is wider; gradients
 * stay as they are.
 *
 * Throws a `CheckpointError` that lists what is missing or has another shape; what `optimizer.loadStateDict` throws goes through.
 * Tensors that no parameter has the name of are not read.
 *
 * ```ts
 * restoreParameters(parameters, checkpoint.model, { optimizer: sgd, state: checkpoint.optimizer });
 * ```
 */
export function restoreParameters(
  parameters: NamedParameters,
  tree: ParameterTree,
  training?: { optimizer: SGD; state: StateDict },
): void {
  const tensors = flattenTree(tree);
  const values: [AnyParameter, TensorData][] = [];
  const faults: string[] = [];
  for (const [name, parameter] of byName(parameters)) {
    const tensor = tensors.get(name);
    if (tensor === undefined) faults.push(`${JSON.stringify(name)} is missing`);
    else if (!isFloat(tensor)) faults.push(`${JSON.stringify(name)} holds ${tensor.dtype}`);
    else if (!isSameShape(parameter.shape, tensor.shape)) faults.push(shapeFault(name, parameter, tensor));
    else values.push([parameter, tensor]);
    // What a disposed parameter throws comes before anything is changed.
    parameter.data;
  }
  if (faults.length > 0) throw new CheckpointError(`the state dict does not fit the parameters: ${faults.join("; ")}`);
  training?.optimizer.loadStateDict(training.state);
  for (const [parameter, tensor] of values) writeTensor(parameter.data, parameter.dtype, tensor);
}

/** The dtype of a tensor's parameter. */
function dtypeFor({ dtype }: TensorData, widen: boolean): DType {
  return widen && isHalf(dtype) ? "float32" : dtype;
}

function choose(
  tensors: Map<string, AnyTensorData>,
  include: LoadParametersOptions["include"] = (name, tensor) => isParameter(name, tensor, tensors),
): [string, TensorData][] {
  const chosen = [...tensors].filter(([name, tensor]) => include(name, tensor));
  return chosen.map(([name, tensor]) => {
    if (isFloat(tensor)) return [name, tensor];
    throw new TypeError(`tensor ${JSON.stringify(name)} holds ${tensor.dtype}: parameters are floats`);
  });
}

function byName(parameters: NamedParameters): Map<string, AnyParameter> {
  if (!(Symbol.iterator in parameters)) return new Map(Object.entries(parameters));
  const named = new Map<string, AnyParameter>();
  for (const item of parameters as Iterable<AnyParameter | readonly [string, AnyParameter]>) {
    const [name, parameter] = isPair(item) ? item : [item.name, item];
    if (name === undefined) throw new TypeError(`${parameter.label} has no name to be saved by`);
    if (named.has(name) && named.get(name) !== parameter) {
      throw new TypeError(`two parameters have the name ${JSON.stringify(name)}`);
    }
    named.set(name, parameter);
  }
  return named;
}

function isPair(item: AnyParameter | readonly [string, AnyParameter]): item is readonly [string, AnyParameter] {
  return Array.isArray(item);
}

function shapeFault(name: string, parameter: AnyParameter, tensor: AnyTensorData): string {
  return `${JSON.stringify(name)} has shape [${tensor.shape.join(", ")}], the parameter [${parameter.shape.join(", ")}]`;
}
