// Learning rates by functions of the user's.

import type { Optimizer } from "./optimizer.js";
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

  protected factor(lambda: LrLambda): number {
    return number("what lrLambda returns", lambda(this.lastEpoch));
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
    return this.lrLambdas.slice(0, this.baseLrs.length).map((lambda, i) => this.baseLrs[i] * this.factor(lambda));
  }
}

/** The learning rate is multiplied by `lrLambda(epoch)` in every epoch from 1 on. */
export class MultiplicativeLR extends LambdaScheduler {
  protected chainableLr(): number[] {
    const { paramGroups } = this.optimizer;
    if (this.lastEpoch <= 0) return paramGroups.map(({ lr }) => lr);
    return this.lrLambdas.slice(0, paramGroups.length).map((lambda, i) => paramGroups[i].lr * this.factor(lambda));
  }
}
