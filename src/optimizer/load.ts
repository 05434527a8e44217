// A state dict taken over: all of it checked first, so that an error leaves the optimizer as it was.

import type { FloatArray } from "../common/dtype.js";
import { widenBfloat16, widenFloat16 } from "../common/half.js";
import type { TensorData } from "../common/tensor-data.js";
import { lasting, type Region } from "../memory/region.js";
import type { Parameter } from "../parameter.js";
import { DEFAULTS, fillIn, type ParamGroup } from "./options.js";
import { isNumber, item, pythonType } from "./python.js";
import { clone, cloneEntries, namesOf, parametersOf } from "./save.js";
import { keyInMemory } from "./spelling.js";
import type { OptimizerState } from "./state.js";

/** A state dict that fits the optimizer. */
export interface Loaded {
  /** momentum buffers of the parameters that have state */
  buffers: Map<Parameter, FloatArray | null>;
  groups: ParamGroup[];
  /** state entries whose index no group mentions */
  aside: Record<string, unknown>;
}

type Dict = Record<string, unknown>;

/** @throws Error (a RangeError where PyTorch has a ValueError) when the dict does not fit the groups */
export function checkStateDict(dict: unknown, groups: readonly ParamGroup[]): Loaded {
  const savedGroups = mustBe<Dict[]>("list", item(dict, "param_groups"), "param_groups");
  if (savedGroups.length !== groups.length) {
    throw new RangeError("loaded state dict has a different number of parameter groups");
  }
  const targets = matchParameters(savedGroups, groups);
  const loaded: Loaded = {
    buffers: new Map(),
    groups: savedGroups.map((saved, i) => loadGroup(saved, i, groups[i])),
    aside: {},
  };
  for (const [id, entry] of Object.entries(mustBe<Dict>("dict", item(dict, "state"), "state"))) {
    const parameter = targets.get(id);
    if (parameter) loaded.buffers.set(parameter, readBuffer(entry, `state entry ${id}`, parameter));
    else loaded.aside[id] = clone(entry);
  }
  return loaded;
}

function mustBe<T>(type: string, value: unknown, what: string, isIt = pythonType(value) === type): T {
  if (isIt) return value as T;
  throw new TypeError(`${what} of the loaded state dict must be a ${type}, got ${pythonType(value)}`);
}

/** Saved ids to parameters: by name where all parameters on both sides have one, else by position. */
function matchParameters(savedGroups: readonly Dict[], groups: readonly ParamGroup[]): Map<string, Parameter> {
  const idsOfGroups = savedGroups.map((group) => mustBe<unknown[]>("list", item(group, "params"), "params of a group"));
  const ids = idsOfGroups.flat().map(String);
  const parameters = parametersOf(groups);
  for (const parameter of parameters) parameter.checkAlive();
  const names = namesOf(parameters);
  const savedNames = savedGroups.flatMap((group) => (group.param_names ?? []) as string[]);
  const byName = isUnique(names) && isUnique(savedNames) && savedNames.length === ids.length;
  if (byName) checkSame(names, savedNames);
  else if (idsOfGroups.some((list, i) => list.length !== groups[i].params.length)) {
    throw new RangeError(
      "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
    );
  }
  return new Map(ids.map((id, i) => [id, parameters[byName ? names.indexOf(savedNames[i]) : i]]));
}

function isUnique(names: readonly string[]): boolean {
  return names.length > 0 && new Set(names).size === names.length;
}

/** @throws RangeError unless both are the same names, in any order */
function checkSame(names: readonly string[], savedNames: readonly string[]): void {
  const missing = names.filter((name) => !savedNames.includes(name));
  const leftOver = savedNames.filter((name) => !names.includes(name));
  if (missing.length + leftOver.length === 0) return;
  const lists = `missing ${JSON.stringify(missing)}, left over ${JSON.stringify(leftOver)}`;
  throw new RangeError(`loaded state dict has other parameters: ${lists}`);
}

function loadGroup(saved: Dict, index: number, { params }: ParamGroup): ParamGroup {
  const group = cloneEntries(saved, keyInMemory);
  for (const key of ["lr", "momentum", "dampening", "weightDecay"]) {
    mustBe("number", group[key], `${key} of parameter group ${index}`, isNumber(group[key]));
  }
  fillIn(group, DEFAULTS); // what older versions of PyTorch do not save
  delete group.param_names;
  group.params = [...params];
  return group as ParamGroup;
}

/** What holds the elements of a tensor, and what makes floats of them. */
const FLOATS: Readonly<Record<string, readonly [new () => object, (data: never) => FloatArray]>> = {
  // Whatever a dict calls its dtype, nothing else is found.
  __proto__: null as never,
  float32: [Float32Array, (data: Float32Array) => data],
  float64: [Float64Array, (data: Float64Array) => data],
  float16: [Uint16Array, widenFloat16],
  bfloat16: [Uint16Array, widenBfloat16],
};

function readBuffer(entry: unknown, where: string, parameter: Parameter): FloatArray | null {
  const { momentum_buffer: tensor } = mustBe<{ momentum_buffer?: TensorData | null }>("dict", entry, where);
  if (tensor === null || tensor === undefined) return null;
  const { dtype, shape, data } = tensor;
  const what = `momentum_buffer of ${where}`;
  const [array, widen] = FLOATS[dtype] ?? [];
  if (!array || !(data instanceof array)) {
    throw new TypeError(
      `${what} must be float32, float64, float16 or bfloat16 in its typed array, got ${dtype} in ${pythonType(data)}`,
    );
  }
  const isShape = Array.isArray(shape) && shape.length === parameter.shape.length;
  if (data.length !== parameter.size || !isShape || shape.some((n, i) => n !== parameter.shape[i])) {
    throw new Error(`${what} has ${data.length} elements of shape [${shape}], but belongs to ${parameter.label}`);
  }
  return lasting(widen(data as never), parameter.engine.memory);
}

/** Takes over the buffers: memory for those that are not there yet first, and nothing changes before all of it is. */
export function loadBuffers(buffers: Loaded["buffers"], state: OptimizerState): void {
  const made = new Map<Parameter, Region>();
  try {
    for (const [parameter, values] of buffers) {
      if (values && !state.get(parameter)?.buffer) made.set(parameter, parameter.newBuffer());
    }
  } catch (error) {
    for (const [parameter, region] of made) parameter.freeBuffer(region);
    throw error;
  }
  for (const parameter of state.keys()) if (!buffers.has(parameter)) state.delete(parameter);
  for (const [parameter, values] of buffers) {
    const entry = state.entry(parameter);
    if (values) entry.allocate(made.get(parameter));
    entry.momentumBuffer = values;
  }
}
