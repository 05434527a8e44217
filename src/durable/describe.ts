// The arguments of `create` as a run, checked as SGD checks them.

import { checkKeys, checkNumbers, isRecord } from "../common/checks.js";
import type { StateDictGroup } from "../common/tensor-data.js";
import { type ParamGroupInit, type Params, parametersOf, toGroups } from "../optimizer/groups.js";
import { checkedDefaults, type GroupOptions, isNumber, OPTION_NAMES, type SGDOptions } from "../optimizer/options.js";
import { Parameter } from "../parameter.js";
import { SGD } from "../sgd.js";
import { checkConfig, type GroupConfig, RUN_DEFAULTS, type RunConfig, type TensorInfo } from "./config.js";

/** A rate for all steps, or a schedule: step s takes `lr[min(s, lr.length - 1)]`. */
export type LearningRate = number | readonly number[];

/** Options of a run: those of SGD, which the groups take, and its own. */
export interface RunOptions extends Omit<SGDOptions, "lr"> {
  /** learning rate, or a list of them by step; a group may have its own of either kind */
  lr: LearningRate;
  /** how many push gradients in each step; default 1. A step is taken when every rank from 0 to workers - 1 has pushed. */
  workers?: number;
  /** what becomes of the workers' gradients; default `"mean"` */
  reduce?: "mean" | "sum";
  /** the 2-norm of the reduced gradient, over all shards, is clipped to this; default: not at all */
  maxGradNorm?: number;
  /** how multiply-add rounds, as `createEngine` has it; default `"fused"` */
  rounding?: "fused" | "separate";
  /** a shard has no more elements, or one block of 65,536; default 2,097,152, at most 4,194,304 */
  elementsPerShard?: number;
  /** refuse slices that hold a NaN or an infinity; default true */
  rejectNonfinite?: boolean;
}

/** A parameter group of a run: options left out are the run's. */
export interface RunGroup extends Omit<GroupOptions, "lr"> {
  params: ParamGroupInit["params"];
  /** learning rate, or a list of them by step */
  lr?: LearningRate;
  /** spelled weightDecay here */
  weight_decay?: never;
  [extra: string]: unknown;
}

/** What `create` takes: what `SGD` takes, and groups with schedules. */
export type RunParams = Params | Iterable<RunGroup>;

/**
 * A run, and its parameters in the order of the vector.
 *
 * @throws TypeError, RangeError: what `SGD` would throw, and for options of a run
 */
export function describeRun(params: RunParams, options: RunOptions): { config: RunConfig; parameters: Parameter[] } {
  checkKeys(options, [...OPTION_NAMES, ...Object.keys(RUN_DEFAULTS)], "create");
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const isOwn = ([key]: [string, unknown]) => key in RUN_DEFAULTS;
  const defaults = withSchedule(Object.fromEntries(given.filter((entry) => !isOwn(entry))));
  for (const lr of defaults.schedule) checkedDefaults({ lr });
  const groups = toGroups(params).map(withSchedule);
  const optimizer = new SGD(groups.map(({ group }) => group) as unknown as Params, defaults.group as SGDOptions);
  const parameters = checkedParameters(optimizer);
  const saved = optimizer.stateDict().param_groups;
  const config = {
    ...RUN_DEFAULTS,
    ...Object.fromEntries(given.filter(isOwn)),
    parameters: tensorInfosOf(parameters, saved),
    groups: saved.map((group, i) => withNumbers(group, groups[i].schedule, defaults.schedule)),
  };
  checkConfig(config);
  return { config, parameters };
}

/** The parameters in the order of the vector. */
export function parametersInOrder(params: Params): Parameter[] {
  const groups = toGroups(params).map((group) => (isGroup(group) ? { params: group.params } : group));
  return checkedParameters(new SGD(groups as unknown as Params, { lr: 0 }));
}

function checkedParameters({ paramGroups }: SGD): Parameter[] {
  const list = parametersOf(paramGroups);
  for (const { dtype } of list) {
    if (dtype === "float32" || dtype === "float64") continue;
    throw new TypeError(`a parameter server takes float32 and float64, got ${dtype}`);
  }
  if (new Set(list).size < list.length) throw new RangeError("a parameter comes more than once");
  return list as Parameter[];
}

/** A copy of a group with one rate, for SGD to check, and its schedule, empty where it has none of its own. */
function withSchedule(given: unknown): { group: unknown; schedule: number[] } {
  if (!isGroup(given)) return { group: given, schedule: [] };
  if (given.differentiable) throw new TypeError("steps of a parameter server are not differentiable");
  const { lr } = given;
  if (lr === undefined || isNumber(lr)) return { group: { ...given }, schedule: lr === undefined ? [] : [Number(lr)] };
  if (typeof lr !== "object" || lr === null) return { group: { ...given }, schedule: [] };
  checkNumbers(lr as ArrayLike<number>, "lr");
  const schedule = Array.from(lr as ArrayLike<number>);
  if (schedule.length === 0) throw new RangeError("lr must be a number or a list of them, got an empty list");
  return { group: { ...given, lr: schedule[0] }, schedule };
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && !Parameter.is(value);
}

function tensorInfosOf(parameters: readonly Parameter[], groups: readonly StateDictGroup[]): TensorInfo[] {
  const names = groups.flatMap(
    ({ param_names, params }) => (param_names as string[] | undefined) ?? params.map(() => null),
  );
  return parameters.map(({ name, dtype, shape }, i) => ({ name: names[i] ?? name ?? null, dtype, shape: [...shape] }));
}

/** A group with a schedule, its own or the default, and with numbers where booleans stood for them. */
function withNumbers(group: StateDictGroup, own: number[], inherited: number[]): GroupConfig {
  return {
    ...group,
    lr: own.length > 0 ? own : inherited,
    momentum: Number(group.momentum),
    dampening: Number(group.dampening),
    weight_decay: Number(group.weight_decay),
    nesterov: Boolean(group.nesterov),
    maximize: Boolean(group.maximize),
  };
}
