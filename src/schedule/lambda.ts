// Learning rates by functions of the user's.

import { type Optimizer, ratesOf } from "./optimizer.js";
import { isList, number, type SchedulerOptions } from "./options.js";
import { LRScheduler } from "./scheduler.js";
import type { SchedulerState } from "./state.js";

/** A factor for every epoch. */
export type LrLambda = (epoch: number) => number;

export interface LambdaOptions extends SchedulerOptions {
  /** the factor of an epoch, or a list with a function for each group */
  lrLambda: LrLambda | readonly LrLambda[];
}

abstract class LambdaScheduler extends LRScheduler {
  /** one function for each group */
  lrLambdas!: LrLambda[];

  /** @throws RangeError for a list of another length than there are groups */
  constructor(optimizer: Optimizer, options: LambdaOptions) {
    super(optimizer, options, { lrLambda: undefined });
  }

  protected override attributesOf({ lrLambda }: LambdaOptions): object {
    return { lrLambdas: functions(this.optimizer.paramGroups.length, lrLambda) };
  }

  /** As many as there are both functions and rates. */
  protected times(rates: readonly number[]): number[] {
    const factor = (lambda: LrLambda) => number("what lrLambda returns", lambda(this.lastEpoch));
    return this.lrLambdas.slice(0, rates.length).map((lambda, i) => rates[i] * factor(lambda));
  }

  /** `lr_lambdas` holds null for every function, as in PyTorch. */
  override stateDict(): SchedulerState {
    return { ...super.stateDict(), lr_lambdas: this.lrLambdas.map(() => null) };
  }
}

function functions(count: number, given: unknown): LrLambda[] {
  const list = isList(given) ? Array.from(given) : new Array(count).fill(given);
  if (list.length !== count) throw new RangeError(`Expected ${count} lrLambdas, but got ${list.length}`);
  for (const item of list) {
    if (typeof item !== "function") throw new TypeError(`lrLambda should be a function, but got ${typeof item}`);
  }
  return list;
}

/** The learning rate is the initial one times `lrLambda(epoch)`. */
export class LambdaLR extends LambdaScheduler {
  protected chainableLr(): number[] {
    return this.times(this.baseLrs);
  }
}

/** The learning rate is multiplied by `lrLambda(epoch)` in every epoch from 1 on. */
export class MultiplicativeLR extends LambdaScheduler {
  protected chainableLr(): number[] {
    const rates = ratesOf(this.optimizer);
    return this.lastEpoch <= 0 ? rates : this.times(rates);
  }
}
