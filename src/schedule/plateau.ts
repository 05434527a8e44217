// A learning rate that falls when a metric has stopped improving.

import { type Optimizer, ratesOf } from "./optimizer.js";
import { number, numbers, type PerGroup, perGroup, withDefaults } from "./options.js";
import { epochAfter, printRate, Scheduler } from "./scheduler.js";

/** Options of `new ReduceLROnPlateau`. */
export interface PlateauOptions {
  /** whether a better metric is smaller (`"min"`, default) or greater */
  mode?: "min" | "max";
  /** what the learning rate is multiplied by, below 1; default 0.1 */
  factor?: number;
  /** epochs without improvement that are waited for; default 10 */
  patience?: number;
  /** how much better than the best counts as an improvement; default 1e-4 */
  threshold?: number;
  /** whether `threshold` is a part of the best metric (`"rel"`, default) or a difference from it (`"abs"`) */
  thresholdMode?: "rel" | "abs";
  /** epochs after a change in which nothing is counted; default 0 */
  cooldown?: number;
  /** the smallest learning rate; default 0 */
  minLr?: PerGroup;
  /** a smaller change than this is not made; default 1e-8 */
  eps?: number;
  /** `console.log` every change; default false */
  verbose?: boolean;
}

const DEFAULTS: Required<PlateauOptions> = {
  mode: "min",
  factor: 0.1,
  patience: 10,
  threshold: 1e-4,
  thresholdMode: "rel",
  cooldown: 0,
  minLr: 0,
  eps: 1e-8,
  verbose: false,
};

/** The learning rate is multiplied by `factor` when a metric has not improved for more than `patience` epochs. */
export class ReduceLROnPlateau extends Scheduler {
  factor!: number;
  minLrs: number[];
  patience!: number;
  verbose: boolean;
  cooldown!: number;
  /** epochs of cooldown that are left */
  cooldownCounter = 0;
  mode: string;
  threshold!: number;
  thresholdMode: string;
  best: number;
  numBadEpochs = 0;
  modeWorse: number;
  eps!: number;
  override lastEpoch = 0;

  /** @throws RangeError for a factor from 1 on, an unknown mode, or a list of another length than there are groups */
  constructor(optimizer: Optimizer, options: PlateauOptions = {}) {
    super(optimizer);
    const { mode, thresholdMode, minLr, verbose, ...rest } = withDefaults(options, DEFAULTS, new.target.name);
    if (rest.factor >= 1) throw new RangeError("Factor should be < 1.0.");
    Object.assign(this, numbers(rest));
    this.minLrs = perGroup(optimizer, "minLr", minLr, (groups, got) => `expected ${groups} minLrs, got ${got}`);
    this.mode = mode;
    this.thresholdMode = thresholdMode;
    this.verbose = Boolean(verbose);
    this.modeWorse = worst(mode, thresholdMode);
    this.best = this.modeWorse;
  }

  /**
   * @param metrics what is watched, such as the validation loss; NaN is no improvement
   * @param epoch deprecated
   * @throws RangeError for a group that was added later, after the groups before it have been changed
   */
  override step(metrics?: number, epoch?: number): void {
    const metric = number("metrics", metrics);
    this.lastEpoch = epochAfter(this.lastEpoch, epoch ?? undefined);
    if (this.#isBetter(metric)) {
      this.best = metric;
      this.numBadEpochs = 0;
    } else {
      this.numBadEpochs += 1;
    }
    if (this.cooldownCounter > 0) {
      this.cooldownCounter -= 1;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs > this.patience) {
      this.#reduce();
      this.cooldownCounter = this.cooldown;
      this.numBadEpochs = 0;
    }
    this._lastLr = ratesOf(this.optimizer);
  }

  override stepWithin(): void {
    throw new TypeError("ReduceLROnPlateau needs a metric in every step: it cannot be part of another scheduler");
  }

  override checkState(dict: unknown): Record<string, unknown> {
    const attributes = super.checkState(dict);
    const { mode = this.mode, thresholdMode = this.thresholdMode } = attributes;
    return { ...attributes, modeWorse: worst(mode, thresholdMode) };
  }

  #isBetter(metric: number): boolean {
    const { best, mode, thresholdMode } = this;
    const threshold = mode === "min" ? this.threshold : -this.threshold;
    const limit = thresholdMode === "rel" ? best * (1 - threshold) : best - threshold;
    return mode === "min" ? metric < limit : metric > limit;
  }

  #reduce(): void {
    this.optimizer.paramGroups.forEach((group, i) => {
      if (i >= this.minLrs.length)
        throw new RangeError(`minLr has no value for paramGroups[${i}], which was added later`);
      const lr = Math.max(group.lr * this.factor, this.minLrs[i]);
      if (!(group.lr - lr > this.eps)) return;
      group.lr = lr;
      if (this.verbose) printRate("reducing", i, lr, this.lastEpoch);
    });
  }
}

/** What every metric is better than. @throws RangeError for an unknown mode */
function worst(mode: unknown, thresholdMode: unknown): number {
  if (mode !== "min" && mode !== "max") throw new RangeError(`mode ${String(mode)} is unknown!`);
  if (thresholdMode !== "rel" && thresholdMode !== "abs") {
    throw new RangeError(`threshold mode ${String(thresholdMode)} is unknown!`);
  }
  return mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}
