// Options of SGD and of its groups: defaults, checks, and the adoption of a group. Order and texts are PyTorch's.

import { Parameter } from "../parameter.js";
import { pythonType, toList } from "./python.js";

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

/** In PyTorch's order, which is the order of a group's keys. */
const DEFAULTS = {
  lr: undefined,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
  foreach: null,
  differentiable: false,
} as const;

export type Defaults = Required<Omit<GroupOptions, "lr">> & { lr: number | undefined };

/** Defaults with the constructor's options, checked. */
export function checkedDefaults(options: SGDOptions): Defaults {
  const unknown = Object.keys(options).find((key) => !Object.hasOwn(DEFAULTS, key));
  if (unknown !== undefined) throw new TypeError(`SGD got an unexpected option '${unknown}'`);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const defaults: Defaults = { ...DEFAULTS, ...given };
  const { lr, momentum, dampening, weightDecay, nesterov } = defaults;
  if (lr !== undefined && isNegative(lr)) throw new RangeError(`Invalid learning rate: ${lr}`);
  if (isNegative(momentum)) throw new RangeError(`Invalid momentum value: ${momentum}`);
  if (isNegative(weightDecay)) throw new RangeError(`Invalid weightDecay value: ${weightDecay}`);
  if (nesterov && (momentum <= 0 || Number(dampening) !== 0)) {
    throw new RangeError("Nesterov momentum requires a momentum and zero dampening");
  }
  return defaults;
}

function isNegative(value: unknown): boolean {
  if (typeof value !== "number" && typeof value !== "boolean") {
    throw new TypeError(`'<' not supported between instances of '${pythonType(value)}' and 'float'`);
  }
  return Number(value) < 0;
}

/** The first argument of SGD as a list of groups. */
export function toGroups(params: unknown): unknown[] {
  if (params instanceof Parameter) {
    const type = params.dtype === "float64" ? "torch.DoubleTensor" : "torch.FloatTensor";
    throw new TypeError(
      `params argument given to the optimizer should be an iterable of Tensors or dicts, but got ${type}`,
    );
  }
  const list = toList(params);
  if (list.length === 0) throw new RangeError("optimizer got an empty parameter list");
  return isGroup(list[0]) ? list : [{ params: list }];
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return !(value instanceof Parameter) && pythonType(value) === "dict";
}

/**
 * Makes a group of the optimizer of `init`, which stays the same object. Nothing is written to it before all checks have
 * passed.
 */
export function adoptGroup(init: unknown, defaults: Defaults, groups: readonly ParamGroup[]): ParamGroup {
  if (!isGroup(init)) throw new TypeError("param group must be a dict");
  const params = groupParams(init);
  if (init.lr === undefined && defaults.lr === undefined) {
    throw new RangeError("parameter group didn't specify a value of required optimization parameter lr");
  }
  if ("weight_decay" in init) throw new TypeError("a parameter group has no option weight_decay: write weightDecay");
  if (new Set(params).size !== params.length) {
    console.warn(
      "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; " +
        "see github.com/pytorch/pytorch/issues/40967 for more information",
    );
  }
  const taken = new Set(groups.flatMap((group) => group.params));
  if (params.some((parameter) => taken.has(parameter))) {
    throw new RangeError("some parameters appear in more than one parameter group");
  }
  const group = init as Record<string, unknown>;
  group.params = params;
  for (const key of Object.keys(DEFAULTS) as (keyof Defaults)[]) {
    if (group[key] === undefined) group[key] = defaults[key];
  }
  return group as ParamGroup;
}

function groupParams(init: Record<string, unknown>): Parameter[] {
  if (!("params" in init)) throw new Error("'params'");
  const list = init.params instanceof Parameter ? [init.params] : toList(init.params);
  for (const item of list) {
    if (!(item instanceof Parameter)) {
      throw new TypeError(`optimizer can only optimize Tensors, but one of the params is ${pythonType(item)}`);
    }
    if (item.disposed) throw new Error("a disposed parameter cannot be optimized");
  }
  return list as Parameter[];
}
