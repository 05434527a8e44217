// Parameter groups: what the first argument of SGD becomes.

import { isRecord, typeName } from "../common/checks.js";
import { intended } from "../common/misspelling.js";
import { hasGradient } from "../gradient/stored.js";
import { type AnyParameter, Parameter } from "../parameter.js";
import { isAlien, itemsOf, kindOf, type ListedParameter, listParameters, type Parameters } from "../parameter-list.js";
import { type Defaults, fillIn, type GroupOptions, OPTION_NAMES } from "./options.js";

/** A parameter group as it is given: options left out are the optimizer's defaults, extra keys are kept. */
export interface ParamGroupInit extends GroupOptions {
  params: AnyParameter | Parameters;
  /** spelled weightDecay here */
  weight_decay?: never;
  [extra: string]: unknown;
}

/** A parameter group as it lives in the optimizer: read at every step, so change it at will. */
export interface ParamGroup extends Required<Omit<GroupOptions, "fused">> {
  params: AnyParameter[];
  fused?: boolean | null;
  /** spelled weightDecay here */
  weight_decay?: never;
  [extra: string]: unknown;
}

/** The parameters of all groups, in their order. @throws as `parametersByGroup` */
export function parametersOf(groups: readonly ParamGroup[]): AnyParameter[] {
  return parametersByGroup(groups).flat();
}

/** Those that have a gradient, each once. */
export function withGradient(params: readonly AnyParameter[]): AnyParameter[] {
  return [...new Set(params)].filter(hasGradient);
}

/**
 * Copies of the lists of live groups.
 *
 * @throws TypeError for what a program has put among the groups, or in the list of one, that does not belong there
 */
export function parametersByGroup(groups: readonly ParamGroup[]): AnyParameter[][] {
  if (Array.isArray(groups)) return Array.from(groups, parametersOfGroup);
  throw new TypeError(`optimizer.paramGroups must be an array of groups, got ${typeName(groups)}`);
}

function parametersOfGroup(group: ParamGroup, index: number): AnyParameter[] {
  const what = `optimizer.paramGroups[${index}]`;
  if (!isRecord(group)) {
    throw new TypeError(
      `${what} must be a group, got ${typeName(group)}: add one with optimizer.addParamGroup({ params, … })`,
    );
  }
  const { params } = group;
  if (typeof params !== "object" || params === null || !(Symbol.iterator in params)) {
    throw new TypeError(`${what}.params must be an array of parameters, got ${kindOf(params)}`);
  }
  return Array.from(params, (item: unknown, i) => {
    if (Parameter.is(item)) return item;
    throw new TypeError(
      `${what}.params[${i}] must be a parameter, got ${typeName(item)}: one is made by engine.parameter(shape)`,
    );
  });
}

/** What `new SGD` takes: parameters, named ones, or groups of either. */
export type Params = Parameters | Iterable<ParamGroupInit>;

/** The first argument of SGD as a list of groups. */
export function toGroups(params: unknown): unknown[] {
  if (Parameter.is(params)) {
    throw new TypeError(
      "params must be a list of parameters or groups, got one parameter: write new SGD([parameter], …)",
    );
  }
  if (isRecord(params) && isGroup(params)) {
    throw new TypeError(
      "params must be a list of parameters or groups, got one group: write new SGD([{ params, … }], …)",
    );
  }
  const items = itemsOf(params, "params");
  if (items.length === 0) throw new RangeError("optimizer got an empty parameter list");
  return isRecord(items[0]) && !Parameter.is(items[0]) && !isAlien(items[0]) ? items : [{ params: items }];
}

/** An object with `params` that is not a parameter of this name. */
function isGroup(value: Record<string, unknown>): boolean {
  return !(Symbol.iterator in value) && "params" in value && !Parameter.is(value.params);
}

/**
 * Makes a group of the optimizer of `init`, which stays the same object unless it is frozen. Nothing is written to it before all
 * checks have passed.
 *
 * @param names of all parameters so far, to which those of the group are added
 */
export function adoptGroup(
  init: unknown,
  defaults: Defaults,
  groups: readonly ParamGroup[],
  names: Map<AnyParameter, string>,
): ParamGroup {
  const earlier = parametersOf(groups);
  if (!isRecord(init) || Parameter.is(init)) {
    throw new TypeError(`a parameter group must be an object { params, … }, got ${kindOf(init)}`);
  }
  const group = (Object.isExtensible(init) ? init : { ...init }) as ParamGroup;
  if (group.params === undefined || group.params === null) {
    throw "params" in group
      ? new TypeError(
          `params of parameter group ${groups.length} must be a list of parameters, got ${typeName(group.params)}`,
        )
      : new Error(`parameter group ${groups.length} has no params: write { params: [parameter, …], … }`);
  }
  const listed = listParameters(group.params, `params of parameter group ${groups.length}`);
  checkNames(listed, earlier, names);
  if (group.lr === undefined && defaults.lr === undefined) {
    throw new RangeError("parameter group didn't specify a value of required optimization parameter lr");
  }
  checkSpelling(group);
  const params = listed.map(({ parameter }) => parameter);
  checkDuplicates(params, earlier);
  group.params = params;
  for (const { parameter, name } of listed) if (name !== undefined) names.set(parameter, name);
  fillIn(group, defaults);
  return group;
}

function checkSpelling(group: object): void {
  for (const key of Object.keys(group)) {
    const option = intended(key, OPTION_NAMES);
    if (option) throw new TypeError(`a parameter group has no option ${key}: write ${option}`);
  }
}

function checkDuplicates(params: readonly AnyParameter[], earlier: readonly AnyParameter[]): void {
  const unique = new Set(params);
  if (unique.size < params.length) {
    console.warn(
      "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; " +
        "see github.com/pytorch/pytorch/issues/40967 for more information",
    );
  }
  if (earlier.some((parameter) => unique.has(parameter))) {
    throw new RangeError("some parameters appear in more than one parameter group");
  }
}

/** Names are given to all parameters or to none; a parameter's own name counts as well. Texts are PyTorch's. */
function checkNames(
  listed: readonly ListedParameter[],
  earlier: readonly AnyParameter[],
  names: ReadonlyMap<AnyParameter, string>,
): void {
  const withNames = listed.some(({ name }) => name !== undefined);
  const nameless = listed.some(({ parameter, name }) => (name ?? parameter.name) === undefined);
  if (withNames && nameless) {
    throw new RangeError("all optimizer params should be with/without names. Some param names are missing");
  }
  if (withNames && earlier.some((parameter) => (names.get(parameter) ?? parameter.name) === undefined)) {
    throw new RangeError(`${NAMES_BETWEEN_GROUPS} cannot add param group with names to the optimizer`);
  }
  if (nameless && earlier.some((parameter) => names.has(parameter))) {
    throw new RangeError(`${NAMES_BETWEEN_GROUPS} cannot add param group without names to the optimizer`);
  }
}

const NAMES_BETWEEN_GROUPS = "all optimizer param groups should be with/without names.";
