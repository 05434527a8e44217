// What a run is: the tensors, the groups and the options, as `create` sends them and the coordinator keeps them.

import { checkCount, checkInteger, checkNumber, checkOneOf, isRecord, typeName } from "../common/checks.js";
import { FLOAT32_OVERFLOW, overflowsFloat32 } from "../common/dtype.js";
import { sizeOf } from "../common/elements.js";
import type { StateDictGroup } from "../common/tensor-data.js";
import { ROUNDINGS } from "../kernel/kernel.js";
import { checkShards } from "./limits.js";

/** The element types that a parameter server takes. */
export type ServedDType = "float32" | "float64";

/** A tensor of a run. */
export interface TensorInfo {
  /** null where it has none */
  name: string | null;
  /** element type */
  dtype: ServedDType;
  /** dimensions, outermost first */
  shape: number[];
}

/** A group as in a state dict; `lr` is a schedule: step s takes lr[min(s, length - 1)]. */
export interface GroupConfig {
  lr: number[];
  momentum: number;
  dampening: number;
  weight_decay: number;
  nesterov: boolean;
  maximize: boolean;
  params: number[];
  [extra: string]: unknown;
}

export interface RunConfig {
  parameters: TensorInfo[];
  groups: GroupConfig[];
  workers: number;
  reduce: "mean" | "sum";
  maxGradNorm: number | null;
  rounding: "fused" | "separate";
  elementsPerShard: number;
  rejectNonfinite: boolean;
}

/** Defaults of what a run has besides its groups. */
export const RUN_DEFAULTS = {
  workers: 1,
  reduce: "mean",
  maxGradNorm: null,
  rounding: "fused",
  elementsPerShard: 2_097_152,
  rejectNonfinite: true,
} as const;

const MOST_WORKERS = 65_536;
const MOST_ELEMENTS_PER_SHARD = 4_194_304;
/** of a run: more than any shard could be fetched for, and few enough to count its blocks */
const MOST_ELEMENTS = 2 ** 36;

/** Refuses anything but a run. @throws TypeError, RangeError */
export function checkConfig(value: unknown): asserts value is RunConfig {
  const config = value as RunConfig;
  if (!isRecord(config)) throw new TypeError(`a run must be an object, got ${typeName(value)}`);
  checkRunOptions(config);
  checkList("parameters", config.parameters);
  checkList("groups", config.groups);
  config.parameters.forEach(checkTensorInfo);
  const elements = config.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  checkInteger("the number of elements", elements, MOST_ELEMENTS);
  for (const group of config.groups) checkGroup(group, config.parameters);
  const indices = config.groups.flatMap(({ params }) => params);
  if (indices.length !== config.parameters.length || indices.some((index, i) => index !== i)) {
    throw new RangeError("the groups must hold every parameter once, in order");
  }
  if (indices.length === 0) throw new RangeError("optimizer got an empty parameter list");
  checkShards(config);
}

function checkRunOptions(config: RunConfig): void {
  checkCount("workers", checkNumber("workers", config.workers), MOST_WORKERS);
  checkCount("elementsPerShard", checkNumber("elementsPerShard", config.elementsPerShard), MOST_ELEMENTS_PER_SHARD);
  checkOneOf("reduce", config.reduce, ["mean", "sum"]);
  checkOneOf("rounding", config.rounding, ROUNDINGS);
  const { maxGradNorm, rejectNonfinite } = config;
  if (maxGradNorm !== null) checkNumber("maxGradNorm", maxGradNorm);
  checkType("rejectNonfinite", rejectNonfinite, "boolean");
}

function checkTensorInfo(tensor: TensorInfo): void {
  if (!isRecord(tensor)) throw new TypeError(`a parameter must be an object, got ${typeName(tensor)}`);
  if (tensor.name !== null) checkType("the name of a parameter", tensor.name, "string");
  checkOneOf("the dtype of a parameter", tensor.dtype, ["float32", "float64"]);
  checkList("the shape of a parameter", tensor.shape);
  for (const n of tensor.shape) checkInteger("a dimension", n, MOST_ELEMENTS);
}

/** The numbers of a group: they must be numbers, and no larger than the group's dtypes can hold. */
function checkGroup(group: GroupConfig, parameters: readonly TensorInfo[]): void {
  if (!isRecord(group)) throw new TypeError(`a group must be an object, got ${typeName(group)}`);
  checkList("params of a group", group.params);
  checkList("lr", group.lr);
  if (group.lr.length === 0) throw new RangeError("lr must be a number or a list of them, got an empty list");
  const { momentum, dampening, weight_decay, nesterov, maximize } = group;
  const numbers = { momentum, dampening, weightDecay: weight_decay };
  for (const [name, value] of Object.entries(numbers)) checkNumber(`${name} of a group`, value);
  for (const value of group.lr) checkNumber("lr of a group", value);
  for (const [name, value] of Object.entries({ nesterov, maximize })) checkType(`${name} of a group`, value, "boolean");
  const single = group.params.some((index) => parameters[index]?.dtype === "float32");
  if (single && [...group.lr, ...Object.values(numbers), 1 - dampening].some(overflowsFloat32)) {
    throw new RangeError(FLOAT32_OVERFLOW);
  }
}

function checkType(what: string, value: unknown, type: string): void {
  if (typeof value === type) return;
  throw new TypeError(`${what} must be a ${type}, got ${typeName(value)}`);
}

function checkList(what: string, value: unknown): void {
  if (!Array.isArray(value)) throw new TypeError(`${what} must be a list, got ${typeName(value)}`);
}

/** Whether two runs are the same: shapes, dtypes and what has an effect. Names have none. */
export function isSameRun(a: RunConfig, b: RunConfig): boolean {
  return JSON.stringify(essence(a)) === JSON.stringify(essence(b));
}

function essence({ parameters, groups, ...options }: RunConfig): unknown[] {
  return [
    shapesOf(parameters),
    groups.map((group) => [
      shortened(group.lr).map(String),
      [group.momentum, group.dampening, group.weight_decay].map(String),
      [group.nesterov, group.maximize],
      group.params,
    ]),
    Object.keys(RUN_DEFAULTS).map((key) => String(options[key as keyof typeof options])),
  ];
}

/** A schedule without repeats of its last rate, which change nothing. */
function shortened(lr: readonly number[]): readonly number[] {
  let { length } = lr;
  while (length > 1 && Object.is(lr[length - 2], lr[length - 1])) length--;
  return lr.slice(0, length);
}

/** What `layout` is the hash of. */
export function shapesOf(parameters: readonly TensorInfo[]): [dtype: string, shape: number[]][] {
  return parameters.map(({ dtype, shape }) => [dtype, shape]);
}

/** The groups as a state dict has them at a step. */
export function groupsAt(step: number, groups: readonly GroupConfig[]): StateDictGroup[] {
  return groups.map((group) => ({ ...group, lr: rateAt(step, group.lr) }) as StateDictGroup);
}

function rateAt(step: number, lr: readonly number[]): number {
  return lr[Math.min(step, lr.length - 1)];
}

/** What summed gradients are multiplied by. */
export function scaleOf({ reduce, workers }: RunConfig): number {
  return reduce === "mean" ? 1 / workers : 1;
}
