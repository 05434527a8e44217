// A state dict taken over: all of it checked first, so that an error leaves the optimizer as it was.

import { widenBfloat16, widenFloat16 } from "../half.js";
import { type FloatArray, lasting, Region } from "../memory/region.js";
import { describe, type Parameter } from "../parameter.js";
import type { StateDictGroup, TensorData } from "../state-dict.js";
import type { ParamGroup } from "./options.js";
import { pythonType } from "./python.js";
import { clone, parameterNames } from "./save.js";
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
  const savedGroups = field(dict, "param_groups");
  if (!Array.isArray(savedGroups)) throw new TypeError("param_groups of the loaded state dict must be a list");
  if (savedGroups.length !== groups.length) {
    throw new RangeError("loaded state dict has a different number of parameter groups");
  }
  const targets = matchParameters(savedGroups, groups);
  const state = field(dict, "state");
  if (pythonType(state) !== "dict") throw new TypeError("state of the loaded state dict must be a dict");
  const loaded: Loaded = {
    buffers: new Map(),
    groups: savedGroups.map((saved, i) => loadGroup(saved, groups[i], i)),
    aside: {},
  };
  for (const [id, entry] of Object.entries(state as Dict)) {
    const parameter = targets.get(id);
    if (parameter === undefined) loaded.aside[id] = clone(entry);
    else loaded.buffers.set(parameter, readBuffer(entry, id, parameter));
  }
  return loaded;
}

function field(dict: unknown, key: string): unknown {
  if (typeof dict !== "object" || dict === null)
    throw new TypeError(`'${pythonType(dict)}' object is not subscriptable`);
  if (!(key in dict)) throw new Error(`'${key}'`);
  return (dict as Dict)[key];
}

/** Saved ids to parameters: by name where all parameters on both sides have one, else by position. */
function matchParameters(savedGroups: readonly unknown[], groups: readonly ParamGroup[]): Map<string, Parameter> {
  const saved = savedGroups.map((group) => ({ ids: field(group, "params"), names: (group as Dict).param_names }));
  if (!saved.every((group): group is { ids: unknown[]; names: unknown } => Array.isArray(group.ids))) {
    throw new TypeError("params of a group of the loaded state dict must be a list");
  }
  const ids = saved.flatMap((group) => group.ids.map(String));
  const parameters = groups.flatMap((group) => [...group.params]);
  for (const parameter of parameters) parameter.checkAlive();
  const savedNames = saved.every((group) => Array.isArray(group.names))
    ? saved.flatMap((group) => group.names as string[])
    : [];
  const names = parameterNames(parameters) ?? [];
  if (isUnique(savedNames) && isUnique(names) && savedNames.length === ids.length) {
    return matchNames(ids, savedNames, new Map(names.map((name, i) => [name, parameters[i]])));
  }
  if (saved.some((group, i) => group.ids.length !== groups[i].params.length)) {
    throw new RangeError(
      "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
    );
  }
  return new Map(ids.map((id, i) => [id, parameters[i]]));
}

function isUnique(names: readonly string[]): boolean {
  return names.length > 0 && new Set(names).size === names.length;
}

function matchNames(ids: string[], savedNames: string[], byName: Map<string, Parameter>): Map<string, Parameter> {
  const missing = [...byName.keys()].filter((name) => !savedNames.includes(name));
  const leftOver = savedNames.filter((name) => !byName.has(name));
  if (missing.length > 0 || leftOver.length > 0) {
    throw new RangeError(
      `loaded state dict has other parameters than the optimizer: missing ${list(missing)}, left over ${list(leftOver)}`,
    );
  }
  return new Map(ids.map((id, i) => [id, byName.get(savedNames[i]) as Parameter]));
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.map((name) => `"${name}"`).join(", ");
}

/** What a dict saved by an older version of PyTorch leaves out. */
const ADDED_LATER = { nesterov: false, maximize: false, foreach: null, differentiable: false };

function loadGroup(saved: StateDictGroup, group: ParamGroup, index: number): ParamGroup {
  const entries = Object.entries(saved)
    .filter(([key]) => key !== "params" && key !== "param_names")
    .map(([key, value]) => [key === "weight_decay" ? "weightDecay" : key, clone(value)]);
  // Saved keys first and in their order, then what is missing.
  const loaded: Dict = Object.fromEntries(entries);
  for (const [key, value] of Object.entries(ADDED_LATER)) if (!Object.hasOwn(loaded, key)) loaded[key] = value;
  loaded.params = [...group.params];
  for (const key of ["lr", "momentum", "dampening", "weightDecay"]) {
    if (typeof loaded[key] !== "number" && typeof loaded[key] !== "boolean") {
      const spelled = key === "weightDecay" ? "weight_decay" : key;
      throw new TypeError(
        `${spelled} of parameter group ${index} of the loaded state dict must be a number, got ${pythonType(loaded[key])}`,
      );
    }
  }
  return loaded as unknown as ParamGroup;
}

function readBuffer(entry: unknown, id: string, parameter: Parameter): FloatArray | null {
  if (pythonType(entry) !== "dict") {
    throw new TypeError(`state entry ${id} of the loaded state dict must be a dict, got ${pythonType(entry)}`);
  }
  const tensor = (entry as { momentum_buffer?: TensorData | null }).momentum_buffer ?? null;
  if (tensor === null) return null;
  const { dtype, shape, data } = tensor;
  const what = `momentum_buffer of state entry ${id}`;
  if (
    !Array.isArray(shape) ||
    shape.length !== parameter.shape.length ||
    shape.some((n, i) => n !== parameter.shape[i])
  ) {
    throw new Error(`${what} has shape [${shape}], but it belongs to ${describe(parameter)}`);
  }
  const values = widen(dtype, data);
  if (values === undefined)
    throw new TypeError(
      `${what} has dtype ${dtype} with a ${data?.constructor?.name}: expected float32, float64, float16 or bfloat16 and its array`,
    );
  if (values.length !== parameter.size)
    throw new Error(`${what} has ${values.length} elements, its shape [${shape}] ${parameter.size}`);
  return values;
}

function widen(dtype: string, data: unknown): FloatArray | undefined {
  if (dtype === "float32" && data instanceof Float32Array) return data;
  if (dtype === "float64" && data instanceof Float64Array) return data;
  if (dtype === "float16" && data instanceof Uint16Array) return widenFloat16(data);
  if (dtype === "bfloat16" && data instanceof Uint16Array) return widenBfloat16(data);
  return undefined;
}

/** Takes over the buffers: memory for those that are not there yet first, and nothing changes before all of it is. */
export function loadBuffers(buffers: Loaded["buffers"], state: OptimizerState): void {
  const made = new Map<Parameter, Region>();
  const sources = new Map([...buffers].map(([p, values]) => [p, values && lasting(values, p.engine.memory)]));
  try {
    for (const [parameter, values] of sources) {
      const { engine, dtype, size } = parameter;
      if (values && !state.get(parameter)?.buffer) made.set(parameter, new Region(engine.allocator, dtype, size));
    }
  } catch (error) {
    for (const region of made.values()) region.free();
    throw error;
  }
  for (const parameter of [...state.keys()]) if (!sources.has(parameter)) state.delete(parameter);
  for (const [parameter, values] of sources) {
    const entry = state.entry(parameter);
    const region = made.get(parameter);
    if (region) entry.install(region);
    entry.momentumBuffer = values;
  }
}
