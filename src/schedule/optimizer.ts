// What schedulers need of an optimizer. Nothing of SGD is imported: whatever has groups can be scheduled.

import { typeName } from "../common/checks.js";

/** A parameter group as schedulers read and write it. */
export interface ScheduledGroup {
  lr: number;
  [key: string]: unknown;
}

/** An optimizer: an `SGD`, or anything with groups that have an `lr`. */
export interface Optimizer {
  readonly paramGroups: readonly ScheduledGroup[];
  readonly defaults?: object;
  /** steps since the latest scheduler was made; no warning about the order without it @internal */
  stepCount?: number;
}

/** @throws TypeError for what has no groups */
export function checkOptimizer(optimizer: unknown): asserts optimizer is Optimizer {
  const groups: unknown = (optimizer as Optimizer | null)?.paramGroups;
  if (!Array.isArray(groups)) {
    throw new TypeError(`${typeName(optimizer)} is not an Optimizer: a scheduler takes the SGD that it is for`);
  }
}

/** A number that groups keep. @throws Error for a group without it, which was added later */
export function ofGroups({ paramGroups }: Optimizer, key: string): number[] {
  return paramGroups.map(({ [key]: value }, i) => {
    if (typeof value === "number") return value;
    throw new Error(`paramGroups[${i}] has no number ${key}, which groups get when the scheduler is made`);
  });
}

/** The groups' learning rates. */
export function ratesOf({ paramGroups }: Optimizer): number[] {
  return paramGroups.map(({ lr }) => lr);
}

/** Runs what writes to groups. When it throws they are as they were. */
export function orNotAtAll({ paramGroups }: Optimizer, run: () => void): void {
  const before = paramGroups.map((group) => ({ ...group }));
  try {
    run();
  } catch (error) {
    paramGroups.forEach((group, i) => {
      for (const key of Object.keys(group)) if (!Object.hasOwn(before[i], key)) delete group[key];
      Object.assign(group, before[i]);
    });
    throw error;
  }
}

/** Sets an option of the groups, as far as there are values. */
export function setEach({ paramGroups }: Optimizer, key: string, values: readonly number[]): void {
  paramGroups.slice(0, values.length).forEach((group, i) => {
    group[key] = values[i];
  });
}
