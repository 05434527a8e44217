// Options of schedulers as numbers, and as one number for each group.

import { checkKeys, typeName } from "../common/checks.js";
import type { Optimizer } from "./optimizer.js";

/** Options that every scheduler with a `lastEpoch` has. */
export interface SchedulerOptions {
  /** the epoch that was reached, to go on from there: the groups then need `initialLr`; default -1, to start */
  lastEpoch?: number;
  /** `console.log` every learning rate that is set; default false */
  verbose?: boolean;
}

/** One value for all groups, or a list with one for each. */
export type PerGroup = number | readonly number[];

/** The options with defaults for those left out. @throws TypeError for options that the scheduler does not have */
export function withDefaults<T extends object>(options: object, defaults: T, who: string): T {
  checkKeys(options, Object.keys(defaults), who);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

/** A number; true and false stand for 1 and 0. */
export function number(name: string, value: unknown): number {
  if (typeof value !== "number" && typeof value !== "boolean") {
    throw new TypeError(`${name} must be a number, got ${typeName(value)}`);
  }
  return Number(value);
}

/** All of them numbers. */
export function numbers<K extends string>(options: Readonly<Record<K, unknown>>): Record<K, number> {
  const entries = Object.entries(options).map(([name, value]) => [name, number(name, value)]);
  return Object.fromEntries(entries) as Record<K, number>;
}

/** @throws RangeError as PyTorch has it, for numbers that are no integers from 1 on */
export function positiveInteger(name: string, value: unknown): number {
  const n = number(name, value);
  if (n <= 0 || !Number.isInteger(n)) throw new RangeError(`Expected positive integer ${name}, but got ${n}`);
  return n;
}

/** @throws RangeError when a list has another length than there are groups */
export function perGroup(
  optimizer: Optimizer,
  name: string,
  value: unknown,
  wrongLength = (expected: number, got: number) => `expected ${expected} values for ${name}, got ${got}`,
): number[] {
  const { paramGroups } = optimizer;
  if (!isList(value)) return new Array(paramGroups.length).fill(number(name, value));
  if (value.length !== paramGroups.length) throw new RangeError(wrongLength(paramGroups.length, value.length));
  return Array.from(value, (item, i) => number(`${name}[${i}]`, item));
}

export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}
