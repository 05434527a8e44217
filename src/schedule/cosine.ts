// Learning rates along half a cosine, once or with restarts.

import { divide, modulo, power } from "./arithmetic.js";
import { cosine, logarithm } from "./exact.js";
import { type Optimizer, ratesOf } from "./optimizer.js";
import { number, positiveInteger, type SchedulerOptions } from "./options.js";
import { LRScheduler } from "./scheduler.js";

export interface CosineAnnealingOptions extends SchedulerOptions {
  /** epochs until the minimum */
  tMax: number;
  /** the smallest learning rate; default 0 */
  etaMin?: number;
}

/**
 * The learning rate goes along a cosine from its initial value to `etaMin` in `tMax` epochs, and back after that, without the
 * restarts of Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017).
 */
export class CosineAnnealingLR extends LRScheduler {
  tMax!: number;
  etaMin!: number;

  constructor(optimizer: Optimizer, options: CosineAnnealingOptions) {
    super(optimizer, options, { tMax: undefined, etaMin: 0 });
  }

  protected chainableLr(): number[] {
    const { lastEpoch: epoch, tMax, etaMin, baseLrs } = this;
    const rates = ratesOf(this.optimizer);
    if (epoch === 0) return rates;
    if (this._stepCount === 1 && epoch > 0) return this.closedFormLr();
    if (modulo(epoch - 1 - tMax, 2 * tMax, "tMax 0") === 0) {
      const fall = 1 - cosineAt(1, tMax);
      return baseLrs.slice(0, rates.length).map((base, i) => rates[i] + ((base - etaMin) * fall) / 2);
    }
    const quotient = divide(1 + cosineAt(epoch, tMax), 1 + cosineAt(epoch - 1, tMax), `tMax ${tMax}`);
    return rates.map((lr) => quotient * (lr - etaMin) + etaMin);
  }

  protected override closedFormLr(): number[] {
    return annealed(this.baseLrs, this.etaMin, this.lastEpoch, this.tMax);
  }
}

export interface WarmRestartsOptions extends SchedulerOptions {
  /** epochs until the first restart */
  t0: number;
  /** by what this number grows with every restart: an integer from 1 on; default 1 */
  tMult?: number;
  /** the smallest learning rate; default 0 */
  etaMin?: number;
}

/**
 * The learning rate goes along a cosine from its initial value to `etaMin`, and starts again: after `t0` epochs, after
 * `t0 * tMult` more, and so on. From Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017).
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  t0!: number;
  /** epochs from the latest restart to the next */
  tI!: number;
  tMult!: number;
  etaMin!: number;
  /** epochs since the latest restart */
  tCur!: number;

  /** @throws RangeError for a `t0` or `tMult` that is no integer from 1 on */
  constructor(optimizer: Optimizer, options: WarmRestartsOptions) {
    super(optimizer, options, { t0: undefined, tMult: 1, etaMin: 0 });
  }

  protected override attributesOf(options: Required<WarmRestartsOptions>): object {
    const tI = positiveInteger("t0", options.t0);
    const { tMult } = options;
    if (!Number.isInteger(number("tMult", tMult)) || tMult < 1) {
      throw new RangeError(`Expected integer tMult >= 1, but got ${tMult}`);
    }
    return { ...super.attributesOf(options), tI, tCur: this.lastEpoch };
  }

  protected chainableLr(): number[] {
    return annealed(this.baseLrs, this.etaMin, this.tCur, this.tI);
  }

  /**
   * @param epoch where to go, if not to the next epoch: a fraction too, as in the middle of an epoch
   * @throws RangeError for a negative epoch; nothing has changed then
   */
  override step(epoch?: number): void {
    const given = epoch ?? (this.lastEpoch < 0 ? 0 : undefined);
    if (given === undefined) this.advance();
    else this.goTo(number("epoch", given));
    this.lastEpoch = Math.floor(given ?? this.lastEpoch + 1);
    this.setRates(this.chainableLr(), given ?? this.lastEpoch);
  }

  private advance(): void {
    this.tCur += 1;
    if (this.tCur < this.tI) return;
    this.tCur -= this.tI;
    this.tI *= this.tMult;
  }

  private goTo(epoch: number): void {
    const { t0, tMult } = this;
    if (!(epoch >= 0 && epoch < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`Expected non-negative epoch, but got ${epoch}`);
    }
    if (epoch < t0) {
      this.tI = t0;
      this.tCur = epoch;
    } else if (tMult === 1) {
      this.tCur = modulo(epoch, t0, "t0 0");
    } else {
      const restarts = Math.trunc(logarithm((epoch / t0) * (tMult - 1) + 1) / logarithm(tMult));
      const growth = power(tMult, restarts, "tMult");
      this.tCur = epoch - (t0 * (growth - 1)) / (tMult - 1);
      this.tI = t0 * growth;
    }
  }
}

/** cos(π·epoch / period) */
function cosineAt(epoch: number, period: number): number {
  return cosine(divide(Math.PI * epoch, period, "tMax 0"));
}

function annealed(baseLrs: readonly number[], etaMin: number, epoch: number, period: number): number[] {
  const height = 1 + cosineAt(epoch, period);
  return baseLrs.map((base) => etaMin + ((base - etaMin) * height) / 2);
}
