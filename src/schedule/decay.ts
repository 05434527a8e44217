// Decay by constant factors: at every so many epochs, at milestones, at every epoch.

import { tagOf } from "../common/checks.js";
import { floorDivide, modulo, power } from "./arithmetic.js";
import { FactorScheduler } from "./factor.js";
import type { Optimizer } from "./optimizer.js";
import { number, numbers, type SchedulerOptions } from "./options.js";

export interface StepOptions extends SchedulerOptions {
  /** epochs from one decay to the next */
  stepSize: number;
  /** what the learning rate is multiplied by; default 0.1 */
  gamma?: number;
}

/** The learning rate is multiplied by `gamma` every `stepSize` epochs. */
export class StepLR extends FactorScheduler {
  stepSize!: number;
  gamma!: number;

  constructor(optimizer: Optimizer, options: StepOptions) {
    super(optimizer, options, { stepSize: undefined, gamma: 0.1 });
  }

  protected nextFactor(): number {
    const stays = this.lastEpoch === 0 || modulo(this.lastEpoch, this.stepSize, "stepSize 0") !== 0;
    return stays ? 1 : this.gamma;
  }

  protected totalFactor(): number {
    return power(this.gamma, floorDivide(this.lastEpoch, this.stepSize, "stepSize 0"), "gamma");
  }
}

export interface MultiStepOptions extends SchedulerOptions {
  /** the epochs of decay, in any order; one that is there twice decays twice */
  milestones: Iterable<number>;
  /** what the learning rate is multiplied by; default 0.1 */
  gamma?: number;
}

/** The learning rate is multiplied by `gamma` at every milestone. */
export class MultiStepLR extends FactorScheduler {
  /** how often each milestone was given */
  milestones!: Map<number, number>;
  gamma!: number;

  constructor(optimizer: Optimizer, options: MultiStepOptions) {
    super(optimizer, options, { milestones: undefined, gamma: 0.1 });
  }

  protected override attributesOf({ milestones, gamma }: MultiStepOptions): object {
    return { milestones: counted(milestones), ...numbers({ gamma }) };
  }

  protected nextFactor(): number {
    return power(this.gamma, this.milestones.get(this.lastEpoch) ?? 0, "gamma");
  }

  protected totalFactor(): number {
    let passed = 0;
    for (const [milestone, count] of this.milestones) if (milestone <= this.lastEpoch) passed += count;
    return power(this.gamma, passed, "gamma");
  }

  /** The milestones come as a `Map`, or as an object where keys could not stay integers. @internal */
  override checkState(dict: unknown): Record<string, unknown> {
    const attributes = super.checkState(dict);
    const { milestones } = attributes;
    if (milestones === undefined) return attributes;
    const isMap = tagOf(milestones) === "Map";
    const entries = isMap ? [...(milestones as Map<number, number>)] : Object.entries(Object(milestones));
    if (!isMap && entries.length === 0 && this.milestones.size > 0) {
      throw new TypeError("'milestones' is empty: JSON.stringify drops what a Map holds, stateDictToJSON keeps it");
    }
    return { ...attributes, milestones: new Map(entries.map(([epoch, count]) => [Number(epoch), count])) };
  }
}

function counted(milestones: Iterable<number>): Map<number, number> {
  if (typeof milestones !== "object" || !milestones?.[Symbol.iterator]) {
    throw new TypeError(`milestones must be a list of numbers, got ${typeof milestones}`);
  }
  const counts = new Map<number, number>();
  for (const item of milestones) {
    const milestone = number("a milestone", item);
    counts.set(milestone, (counts.get(milestone) ?? 0) + 1);
  }
  return counts;
}

export interface ExponentialOptions extends SchedulerOptions {
  /** what the learning rate is multiplied by */
  gamma: number;
}

/** The learning rate is multiplied by `gamma` in every epoch. */
export class ExponentialLR extends FactorScheduler {
  gamma!: number;

  constructor(optimizer: Optimizer, options: ExponentialOptions) {
    super(optimizer, options, { gamma: undefined });
  }

  protected nextFactor(): number {
    return this.lastEpoch === 0 ? 1 : this.gamma;
  }

  protected totalFactor(): number {
    return power(this.gamma, this.lastEpoch, "gamma");
  }
}
