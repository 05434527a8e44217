// Schedules in which all groups' learning rates are multiplied by the same factor.

import { ratesOf } from "./optimizer.js";
import { LRScheduler } from "./scheduler.js";

export abstract class FactorScheduler extends LRScheduler {
  /** By what the learning rates of the epoch before are multiplied. */
  protected abstract nextFactor(): number;

  /** By what the initial learning rates are multiplied. */
  protected abstract totalFactor(): number;

  protected chainableLr(): number[] {
    return times(ratesOf(this.optimizer), this.nextFactor());
  }

  protected override closedFormLr(): number[] {
    return times(this.baseLrs, this.totalFactor());
  }
}

function times(rates: readonly number[], factor: number): number[] {
  return rates.map((lr) => lr * factor);
}
