// A state dict taken over: all of it checked first, so that an error leaves the optimizer as it was.

import { checkBoolean, checkKeys, checkOneOf, isRecord, typeName } from "../common/checks.js";
import type { ElementArray } from "../common/dtype.js";
import type { Region } from "../memory/region.js";
import type { AnyParameter } from "../parameter.js";
import { type ParamGroup, parametersOf } from "./groups.js";
import { type GivenNames, type Match, matchNames, namesOf } from "./names.js";
import { DEFAULTS, fillIn, isNumber } from "./options.js";
import { clone, cloneEntries } from "./save.js";
import { keyInMemory } from "./spelling.js";
import type { OptimizerState } from "./state.js";
import { numberOf, valuesFor } from "./tensor.js";

/** Options of `optimizer.loadStateDict`. */
export interface LoadOptions {
  /** take over the state only, and keep the options of the groups; default false */
  keepHyperparameters?: boolean;
  /**
   * How saved parameters find theirs: `"position"` ignores names, as PyTorch does; `"name"` demands them; `"auto"` (default) uses
   * names where all parameters on both sides have one
   */
  match?: Match;
}

/** A state dict that fits the optimizer. */
export interface Loaded {
  /** momentum buffers of the parameters that have state */
  buffers: Map<AnyParameter, ElementArray | null>;
  groups: ParamGroup[];
  /** state entries whose index no group mentions */
  aside: Record<string, unknown>;
}

type Dict = Record<string, unknown>;

const MATCHES = ["auto", "name", "position"];

export function checkLoadOptions(options: LoadOptions): void {
  checkKeys(options, ["keepHyperparameters", "match"], "loadStateDict");
  const { keepHyperparameters, match } = options;
  checkBoolean("keepHyperparameters", keepHyperparameters);
  if (match !== undefined) checkOneOf("match", match, MATCHES);
}

/** @throws Error (a RangeError where PyTorch has a ValueError) when the dict does not fit the groups */
export function checkStateDict(dict: unknown, groups: readonly ParamGroup[], names: GivenNames, match: Match): Loaded {
  const parameters = parametersOf(groups);
  if (!isRecord(dict)) throw new TypeError(`loadStateDict takes what stateDict() gives, got ${typeName(dict)}`);
  const savedGroups = listOf(entryOf(dict, "param_groups"), "param_groups").map((group, i) =>
    mustBeObject(group, `parameter group ${i}`),
  );
  if (savedGroups.length !== groups.length) {
    throw new RangeError("loaded state dict has a different number of parameter groups");
  }
  for (const parameter of parameters) parameter.checkAlive();
  const targets = matchParameters(savedGroups, groups, parameters, names, match);
  const loaded: Loaded = {
    buffers: new Map(),
    groups: savedGroups.map((saved, i) => loadGroup(saved, i, groups[i])),
    aside: {},
  };
  for (const [id, entry] of Object.entries(mustBeObject(entryOf(dict, "state"), "state"))) {
    const parameter = targets.get(id);
    if (parameter) loaded.buffers.set(parameter, readBuffer(entry, `state entry ${id}`, parameter));
    else loaded.aside[id] = clone(entry);
  }
  return loaded;
}

function entryOf(dict: Dict, key: string): unknown {
  if (key in dict) return dict[key];
  const nested = Object.keys(dict).find((name) => isRecord(dict[name]) && key in dict[name]);
  throw new Error(
    `loaded state dict has no ${key}: expected what stateDict() gives${nested ? `, which seems to be its ${nested}` : ""}`,
  );
}

function mustBeObject(value: unknown, what: string): Dict {
  if (isRecord(value)) return value;
  throw new TypeError(`${what} of the loaded state dict must be an object, got ${typeName(value)}`);
}

function listOf(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return [...value]; // with holes as undefined
  throw new TypeError(`${what} of the loaded state dict must be an array, got ${typeName(value)}`);
}

/** Saved ids to parameters. */
function matchParameters(
  savedGroups: readonly Dict[],
  groups: readonly ParamGroup[],
  parameters: readonly AnyParameter[],
  given: GivenNames,
  match: Match,
): Map<string, AnyParameter> {
  const idsOfGroups = savedGroups.map((group, i) => listOf(group.params, `params of parameter group ${i}`));
  const ids = idsOfGroups.flat().map(String);
  const savedNames = savedGroups.flatMap(({ param_names = [] }) => listOf(param_names, "param_names").map(String));
  const indices = matchNames(match, namesOf(parameters, given), savedNames, ids.length);
  if (indices === null && idsOfGroups.some((list, i) => list.length !== groups[i].params.length)) {
    throw new RangeError(
      "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
    );
  }
  return new Map(ids.map((id, i) => [id, parameters[indices ? indices[i] : i]]));
}

/** What must be numbers in every group. */
const REQUIRED = ["lr", "momentum", "dampening", "weightDecay"];

function loadGroup(saved: Dict, index: number, { params }: ParamGroup): ParamGroup {
  const group = cloneEntries(saved, keyInMemory);
  for (const [key, value] of Object.entries(group)) group[key] = numberOf(value);
  for (const key of REQUIRED) {
    if (isNumber(group[key])) continue;
    throw new TypeError(
      `${key} of parameter group ${index} of the loaded state dict must be a number, got ${typeName(group[key])}`,
    );
  }
  fillIn(group, DEFAULTS); // what older versions of PyTorch do not save
  delete group.param_names;
  group.params = [...params];
  return group as ParamGroup;
}

/** The elements in the parameter's own type, or as numbers. */
function readBuffer(entry: unknown, where: string, parameter: AnyParameter): ElementArray | null {
  const { momentum_buffer: tensor } = mustBeObject(entry, where);
  if (tensor === null || tensor === undefined) return null;
  return valuesFor(parameter, tensor, `momentum_buffer of ${where}`);
}

/** Takes over the buffers: memory for those that are not there yet first, and nothing changes before all of it is. */
export function loadBuffers(buffers: Loaded["buffers"], state: OptimizerState): void {
  const made = new Map<AnyParameter, Region>();
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
