// Schedulers of schedulers: one after the other, or all at once.

import { typeName } from "../common/checks.js";
import { type Optimizer, ofGroups, ratesOf, setEach } from "./optimizer.js";
import { number, type SchedulerOptions, withDefaults } from "./options.js";
import { Scheduler } from "./scheduler.js";
import type { SchedulerState } from "./state.js";

const EXPECTED = "expects all schedulers to belong to the same optimizer, but got schedulers at";

abstract class Composite extends Scheduler {
  protected readonly schedulers: readonly Scheduler[];

  /** @param refusal what to say of a scheduler of another optimizer, by its index */
  constructor(optimizer: Optimizer, schedulers: readonly Scheduler[], refusal: (index: number) => string) {
    super(optimizer);
    this.schedulers = schedulers;
    const other = schedulers.findIndex((scheduler) => scheduler.optimizer !== optimizer);
    if (other >= 0) throw new RangeError(refusal(other));
  }

  /** @throws TypeError for an epoch: it goes from one to the next only */
  override step(epoch?: undefined): void {
    if (epoch !== undefined && epoch !== null) {
      throw new TypeError(`step() of a scheduler of schedulers takes no epoch, got ${typeName(epoch)}`);
    }
    this._lastLr = this.advance();
  }

  /** @returns the learning rates that the step leaves */
  protected abstract advance(): number[];

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
    const defaults = { schedulers: [], milestones: [], lastEpoch: -1, verbose: false };
    const all = withDefaults<SequentialOptions>(options, defaults, new.target.name);
    const schedulers = listOf(all.schedulers);
    super(
      optimizer,
      schedulers,
      (index) => `Sequential Schedulers ${EXPECTED} index ${index} to be different than the optimizer passed in.`,
    );
    this._milestones = Array.from(all.milestones, (milestone) => number("a milestone", milestone));
    if (this._milestones.length !== schedulers.length - 1) {
      throw new RangeError(
        "Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, " +
          `but got number of schedulers ${schedulers.length} and the number of milestones to be equal to ${this._milestones.length}`,
      );
    }
    this.lastEpoch = number("lastEpoch", all.lastEpoch) + 1;
    setEach(optimizer, "lr", ofGroups(optimizer, "initialLr"));
    for (const scheduler of schedulers) scheduler.uncount();
    schedulers[0].start();
    this._lastLr = schedulers[0].getLastLr();
  }

  protected advance(): number[] {
    this.lastEpoch += 1;
    const later = this._milestones.findIndex((milestone) => milestone > this.lastEpoch);
    const index = later < 0 ? this._milestones.length : later;
    const scheduler = this.schedulers[index];
    if (index > 0 && this._milestones[index - 1] === this.lastEpoch) scheduler.stepWithin(0);
    else scheduler.stepWithin();
    return scheduler.getLastLr();
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
    super(optimizer, list, (index) => `ChainedScheduler ${EXPECTED} index 0 and ${index} to be different`);
    this._lastLr = ratesOf(optimizer);
  }

  protected advance(): number[] {
    for (const scheduler of this.schedulers) scheduler.stepWithin();
    return ratesOf(this.optimizer);
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
