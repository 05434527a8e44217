// Schedulers of schedulers: one after the other, or all at once.

import { typeName } from "../common/checks.js";
import { checkOptimizer, type Optimizer, ofGroups, ratesOf, setEach } from "./optimizer.js";
import { number, type SchedulerOptions, withDefaults } from "./options.js";
import { Scheduler } from "./scheduler.js";
import type { SchedulerState } from "./state.js";

abstract class Composite extends Scheduler {
  protected readonly schedulers: readonly Scheduler[];

  constructor(optimizer: Optimizer, schedulers: readonly Scheduler[]) {
    super(optimizer);
    this.schedulers = schedulers;
  }

  /** `_schedulers` holds the state dicts of all, in order. */
  override stateDict(): SchedulerState {
    return { ...super.stateDict(), _schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()) };
  }

  override checkState(dict: unknown): Record<string, unknown> {
    const { _schedulers: states = [], ...attributes } = super.checkState(dict);
    if (!Array.isArray(states) || states.length > this.schedulers.length) {
      throw new RangeError(`_schedulers of a state dict must be a list of ${this.schedulers.length} state dicts`);
    }
    return { ...attributes, states: states.map((state, i) => this.schedulers[i].checkState(state)) };
  }

  override applyState({ states, ...attributes }: Record<string, unknown>): void {
    super.applyState(attributes);
    (states as Record<string, unknown>[]).forEach((state, i) => {
      this.schedulers[i].applyState(state);
    });
  }
}

export interface SequentialOptions extends SchedulerOptions {
  /** made beforehand, in this order, for the same optimizer */
  schedulers: Iterable<Scheduler>;
  /** the epochs at which the next scheduler takes over, rising: one fewer than there are schedulers */
  milestones: Iterable<number>;
}

/**
 * One scheduler after the other: at each milestone the next one starts, from its own epoch 0. That step has an epoch, so it
 * warns as `step(epoch)` does, as in PyTorch 1.13.
 */
export class SequentialLR extends Composite {
  override lastEpoch: number;
  /** @internal */
  _milestones: number[];

  /** @throws RangeError for schedulers of another optimizer, or a number of milestones that does not fit */
  constructor(optimizer: Optimizer, options: SequentialOptions) {
    checkOptimizer(optimizer);
    const defaults = { schedulers: [], milestones: [], lastEpoch: -1, verbose: false };
    const {
      schedulers: given,
      milestones,
      lastEpoch,
    } = withDefaults<SequentialOptions>(options, defaults, new.target.name);
    const schedulers = listOf(given);
    const other = schedulers.findIndex((scheduler) => scheduler.optimizer !== optimizer);
    if (other >= 0) {
      throw new RangeError(
        "Sequential Schedulers expects all schedulers to belong to the same optimizer, but got schedulers at index " +
          `${other} to be different than the optimizer passed in.`,
      );
    }
    super(optimizer, schedulers);
    this._milestones = Array.from(milestones, (milestone) => number("a milestone", milestone));
    if (this._milestones.length !== schedulers.length - 1) {
      throw new RangeError(
        "Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, " +
          `but got number of schedulers ${schedulers.length} and the number of milestones to be equal to ${this._milestones.length}`,
      );
    }
    this.lastEpoch = number("lastEpoch", lastEpoch) + 1;
    setEach(optimizer, "lr", ofGroups(optimizer, "initialLr"));
    for (const scheduler of schedulers) scheduler.uncount();
    schedulers[0].start();
    this._lastLr = schedulers[0].getLastLr();
  }

  /** @throws TypeError for an epoch: it goes from one to the next only */
  override step(epoch?: undefined): void {
    refuseEpoch("SequentialLR", epoch);
    this.lastEpoch += 1;
    const later = this._milestones.findIndex((milestone) => milestone > this.lastEpoch);
    const index = later < 0 ? this._milestones.length : later;
    const scheduler = this.schedulers[index];
    if (index > 0 && this._milestones[index - 1] === this.lastEpoch) scheduler.stepWithin(0);
    else scheduler.stepWithin();
    this._lastLr = scheduler.getLastLr();
  }
}

/** All schedulers step at once, in order, each on the learning rates that the ones before it leave. */
export class ChainedScheduler extends Composite {
  /** @throws RangeError for no schedulers, or schedulers of different optimizers */
  constructor(schedulers: Iterable<Scheduler>) {
    const list = listOf(schedulers);
    if (list.length === 0) {
      throw new RangeError("ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.");
    }
    const { optimizer } = list[0];
    const other = list.findIndex((scheduler) => scheduler.optimizer !== optimizer);
    if (other >= 0) {
      throw new RangeError(
        "ChainedScheduler expects all schedulers to belong to the same optimizer, but got schedulers at index 0 and " +
          `${other} to be different`,
      );
    }
    super(optimizer, list);
    this._lastLr = ratesOf(optimizer);
  }

  /** @throws TypeError for an epoch: it goes from one to the next only */
  override step(epoch?: undefined): void {
    refuseEpoch("ChainedScheduler", epoch);
    for (const scheduler of this.schedulers) scheduler.stepWithin();
    this._lastLr = ratesOf(this.optimizer);
  }

  override uncount(): void {
    for (const scheduler of this.schedulers) scheduler.uncount();
  }
}

function listOf(schedulers: Iterable<Scheduler>): Scheduler[] {
  if (typeof schedulers?.[Symbol.iterator] !== "function") {
    throw new TypeError(`schedulers must be a list of schedulers, got ${typeName(schedulers)}`);
  }
  const list = [...schedulers];
  list.forEach((item, i) => {
    if (typeof item?.stepWithin === "function") return;
    throw new TypeError(`schedulers[${i}] must be a scheduler, got ${typeName(item)}`);
  });
  return list;
}

function refuseEpoch(who: string, epoch: unknown): void {
  if (epoch === undefined || epoch === null) return;
  throw new TypeError(`${who}.step() takes no epoch, got ${typeName(epoch)}`);
}
