// Options of SGD and of its groups: defaults, checks, and the adoption of a group. Order and texts are PyTorch's.

import { checkKeys } from "../common/checks.js";
import { Parameter } from "../parameter.js";
import { isNumber, item, pythonType, toList } from "./python.js";

export interface GroupOptions {
  /** learning rate η. Required here or in every group. */
  lr?: number;
  /** momentum factor μ; default 0 */
  momentum?: number;
  /** dampening τ of the momentum; default 0. Without effect on a parameter's first step. */
  dampening?: number;
  /** weight decay λ (an L2 penalty); default 0 */
  weightDecay?: number;
  /** Nesterov momentum; default false */
  nesterov?: boolean;
  /** maximize the objective instead of minimizing it; default false */
  maximize?: boolean;
  /** false: one kernel call per parameter; true and null (default): one per run of adjacent ones. The results are the same. */
  foreach?: boolean | null;
  /** record every step, so that `backward` can take it back; default false. Read from the constructor's options only. */
  differentiable?: boolean;
}

export type SGDOptions = GroupOptions;

/** A parameter group as it is given: options left out are the optimizer's defaults, extra keys are kept. */
export interface ParamGroupInit extends GroupOptions {
  params: Parameter | Iterable<Parameter>;
  /** spelled weightDecay here */
  weight_decay?: never;
  [extra: string]: unknown;
}

/** A parameter group as it lives in the optimizer: read at every step, so change it at will. */
export interface ParamGroup extends Required<GroupOptions> {
  params: Parameter[];
  /** spelled weightDecay here */
  weight_decay?: never;
  [extra: string]: unknown;
}

export type Params = Iterable<Parameter> | Iterable<ParamGroupInit>;

export type Defaults = Required<Omit<GroupOptions, "lr">> & { lr: number | undefined };

/** In PyTorch's order, which is the order of a group's keys. */
export const DEFAULTS: Readonly<Defaults> = {
  lr: undefined,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
  foreach: null,
  differentiable: false,
};

/** What must not be negative, and what messages call it, in the order of PyTorch's checks. */
const NOT_NEGATIVE = { lr: "learning rate", momentum: "momentum value", weightDecay: "weightDecay value" };

/** Defaults with the constructor's options, checked. */
export function checkedDefaults(options: SGDOptions): Defaults {
  checkKeys(options, Object.keys(DEFAULTS), "SGD");
  // In the order of the defaults, with those for what is given as undefined.
  const defaults = { ...DEFAULTS, ...options };
  fillIn(defaults, DEFAULTS);
  for (const [key, name] of Object.entries(NOT_NEGATIVE)) {
    const value = defaults[key as keyof typeof NOT_NEGATIVE];
    if (value === undefined) continue; // lr may come with the groups
    if (!isNumber(value)) {
      throw new TypeError(`'<' not supported between instances of '${pythonType(value)}' and 'float'`);
    }
    if (value < 0) throw new RangeError(`Invalid ${name}: ${value}`);
  }
  if (defaults.nesterov && (defaults.momentum <= 0 || Number(defaults.dampening) !== 0)) {
    throw new RangeError("Nesterov momentum requires a momentum and zero dampening");
  }
  return defaults;
}

/** Gives a group the options that it leaves out. */
export function fillIn(group: object, defaults: object): void {
  const options = group as Record<string, unknown>;
  for (const [key, value] of Object.entries(defaults)) if (options[key] === undefined) options[key] = value;
}

/** The first argument of SGD as a list of groups. */
export function toGroups(params: unknown): unknown[] {
  if (Parameter.is(params)) {
    const type = params.dtype === "float64" ? "Double" : "Float";
    throw new TypeError(
      `params argument given to the optimizer should be an iterable of Tensors or dicts, but got torch.${type}Tensor`,
    );
  }
  const list = toList(params);
  if (list.length === 0) throw new RangeError("optimizer got an empty parameter list");
  return pythonType(list[0]) === "dict" ? list : [{ params: list }];
}

/**
 * Makes a group of the optimizer of `init`, which stays the same object. Nothing is written to it before all checks have
 * passed.
 */
export function adoptGroup(init: unknown, defaults: Defaults, groups: readonly ParamGroup[]): ParamGroup {
  if (pythonType(init) !== "dict") throw new TypeError("param group must be a dict");
  const group = init as ParamGroup;
  const given = item(group, "params");
  const params = (Parameter.is(given) ? [given] : toList(given)).map(checkParameter);
  if (group.lr === undefined && defaults.lr === undefined) {
    throw new RangeError("parameter group didn't specify a value of required optimization parameter lr");
  }
  if ("weight_decay" in group) throw new TypeError("a parameter group has no option weight_decay: write weightDecay");
  const unique = new Set(params);
  if (unique.size < params.length) {
    console.warn(
      "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; " +
        "see github.com/pytorch/pytorch/issues/40967 for more information",
    );
  }
  if (groups.some((other) => [...other.params].some((parameter) => unique.has(parameter)))) {
    throw new RangeError("some parameters appear in more than one parameter group");
  }
  group.params = params;
  fillIn(group, defaults);
  return group;
}

function checkParameter(item: unknown): Parameter {
  if (!Parameter.is(item)) {
    throw new TypeError(`optimizer can only optimize Tensors, but one of the params is ${pythonType(item)}`);
  }
  item.checkAlive();
  return item;
}
