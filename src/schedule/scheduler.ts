// What all schedulers have in common (PyTorch's _LRScheduler).

import { tagOf } from "../common/checks.js";
import { checkOptimizer, type Optimizer, orNotAtAll, ratesOf, setEach } from "./optimizer.js";
import { number, numbers, type SchedulerOptions, withDefaults } from "./options.js";
import { checkAttributes, type SchedulerState, saveAttributes } from "./state.js";

const WARNINGS = {
  order:
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. You should call them in the opposite order, or the " +
    "first value of the learning rate schedule is skipped.",
  overridden:
    "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. Please, make sure to " +
    "call `optimizer.step()` before `lr_scheduler.step()`.",
  epoch:
    "The epoch parameter in `scheduler.step()` was not necessary and is deprecated. Please use `scheduler.step()`: with an " +
    "epoch, the closed form is used instead of the chainable form, where available.",
  getLr: "To get the last learning rate computed by the scheduler, please use `getLastLr()`.",
};

function warn(name: keyof typeof WARNINGS): void {
  console.warn(WARNINGS[name]);
}

/** A scheduler of any kind: it belongs to an optimizer, and has a state. */
export abstract class Scheduler {
  /** the optimizer whose groups are written */
  readonly optimizer: Optimizer;
  /** the number of the latest step */
  lastEpoch?: number;
  /** @internal */
  _lastLr?: number[];

  /** @throws TypeError for what is no optimizer */
  constructor(optimizer: Optimizer) {
    checkOptimizer(optimizer);
    this.optimizer = optimizer;
  }

  /** Goes on by one epoch, or whatever the calls count, and writes the groups' options. */
  abstract step(value?: number): void;

  /** The learning rates that the latest step left, one for each group. */
  getLastLr(): number[] {
    return this._lastLr ?? ratesOf(this.optimizer);
  }

  /**
   * A snapshot with the keys of PyTorch's `state_dict()`. Functions are not in it, nor are the groups' learning rates: save the
   * optimizer too.
   */
  stateDict(): SchedulerState {
    return saveAttributes(this);
  }

  /**
   * Takes over a state dict, of this package or of a torch checkpoint, as an object or a `Map`; what is missing stays. The
   * groups' learning rates stay as well: load the optimizer too.
   *
   * @throws TypeError, with nothing changed, for a value of another kind than the scheduler has there
   */
  loadStateDict(dict: SchedulerState): void {
    this.applyState(this.checkState(tagOf(dict) === "Map" ? Object.fromEntries(dict as never) : dict));
  }

  /** The dict as attributes, checked. @internal */
  checkState(dict: unknown): Record<string, unknown> {
    return checkAttributes(this, dict);
  }

  /** @internal */
  applyState(attributes: Record<string, unknown>): void {
    Object.assign(this, attributes);
  }

  /** The step to the first epoch. @internal */
  start(): void {
    Object.assign(this, { _stepCount: 0 });
    this.stepWithin();
    if (this.optimizer.stepCount !== undefined) this.optimizer.stepCount = 0;
  }

  /** A step that a scheduler of schedulers asks for. @internal */
  stepWithin(epoch?: number): void {
    this.step(epoch);
  }

  /** Takes back the count of the first step, so that it can be made again. @internal */
  uncount(): void {
    if (this.lastEpoch !== undefined) this.lastEpoch -= 1;
  }
}

/**
 * A scheduler that computes the groups' learning rates from the number of the epoch. Its constructor remembers them as
 * `initialLr` and makes the step to epoch 0, so the learning rates may be others afterwards.
 */
export abstract class LRScheduler extends Scheduler {
  /** the groups' `initialLr` when the scheduler was made */
  baseLrs!: number[];
  override lastEpoch: number;
  /** whether every change is printed */
  verbose: boolean;
  /** @internal */
  _stepCount = 0;
  readonly #stepMethod: unknown;

  /**
   * @param defaults all options that the scheduler has besides those of every scheduler: undefined where one is required
   * @throws TypeError for what is no optimizer, Error where `lastEpoch` is given and a group has no `initialLr`
   */
  constructor(optimizer: Optimizer, options: SchedulerOptions, defaults: object) {
    super(optimizer);
    const all = withDefaults(options, { ...defaults, lastEpoch: -1, verbose: false }, new.target.name);
    const { lastEpoch, verbose, ...own } = all;
    this.lastEpoch = number("lastEpoch", lastEpoch);
    this.verbose = Boolean(verbose);
    this.#stepMethod = (optimizer as { step?: unknown }).step;
    orNotAtAll(optimizer, () => {
      Object.assign(this, this.attributesOf(own));
      this.baseLrs = initialRates(optimizer, this.lastEpoch);
      this.start();
    });
  }

  /**
   * What the scheduler keeps of its options, which are checked here; what it keeps in groups is written here. Called before the
   * first step, for which a subclass's own constructor would be too late.
   */
  protected attributesOf(options: object): object {
    return numbers(options as Record<string, unknown>);
  }

  /** The groups' learning rates at `lastEpoch`, from those that they have. */
  protected abstract chainableLr(): number[];

  /** The same from `baseLrs` alone, where there is such a form. */
  protected closedFormLr?(): number[];

  /** Computes as if a step had been made, and stores nothing: `getLastLr()` is what one wants. */
  getLr(): number[] {
    warn("getLr");
    return this.chainableLr();
  }

  /**
   * @param epoch deprecated: the epoch to go to; by the closed form where the scheduler has one
   * @throws RangeError where PyTorch divides by zero; the groups are as before then
   */
  step(epoch?: number): void {
    if (this._stepCount === 1) this.#checkOrder();
    this._stepCount += 1;
    const given = epoch ?? undefined;
    this.lastEpoch = epochAfter(this.lastEpoch, given);
    const closed = given === undefined ? undefined : this.closedFormLr?.();
    this.setRates(closed ?? this.chainableLr(), given);
  }

  /** One value for each group, as far as there are both. @internal */
  protected setRates(rates: readonly number[], epoch?: number): void {
    setEach(this.optimizer, "lr", rates);
    this._lastLr = ratesOf(this.optimizer);
    if (!this.verbose) return;
    this._lastLr.slice(0, rates.length).forEach((lr, i) => {
      printRate("adjusting", i, lr, epoch);
    });
  }

  #checkOrder(): void {
    const { step, stepCount } = this.optimizer as { step?: unknown; stepCount?: number };
    if (step !== this.#stepMethod) warn("overridden");
    else if (stepCount === 0) warn("order");
  }
}

function initialRates({ paramGroups }: Optimizer, lastEpoch: number): number[] {
  return paramGroups.map((group, i) => {
    if (lastEpoch === -1) group.initialLr ??= group.lr;
    if (group.initialLr !== undefined) return number(`initialLr of paramGroups[${i}]`, group.initialLr);
    throw new Error(`param 'initialLr' is not specified in paramGroups[${i}] when resuming an optimizer`);
  });
}

/** The epoch after `last`, or the one that a step was given, with a warning. */
export function epochAfter(last: number, given?: number): number {
  if (given === undefined) return last + 1;
  const epoch = number("epoch", given);
  warn("epoch");
  return epoch;
}

/** What `verbose` prints. */
export function printRate(what: string, group: number, lr: number, epoch?: number): void {
  const start = epoch === undefined ? "Adjusting" : `Epoch ${epoch}: ${what}`;
  console.log(`${start} learning rate of group ${group} to ${lr.toExponential(4)}.`);
}
