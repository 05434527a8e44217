// Learning rates that go over so many epochs from one factor to another: at once, along a line, along a power.

import { divide, power } from "./arithmetic.js";
import { FactorScheduler } from "./factor.js";
import type { Optimizer } from "./optimizer.js";
import type { SchedulerOptions } from "./options.js";

export interface ConstantOptions extends SchedulerOptions {
  /** what the learning rate is multiplied by, from 0 to 1; default 1/3 */
  factor?: number;
  /** epochs until the factor is taken back; default 5 */
  totalIters?: number;
}

/** The learning rate is multiplied by `factor` until epoch `totalIters`. */
export class ConstantLR extends FactorScheduler {
  factor!: number;
  totalIters!: number;

  /** @throws RangeError for a factor that is not from 0 to 1 */
  constructor(optimizer: Optimizer, options: ConstantOptions = {}) {
    super(optimizer, options, { factor: 1 / 3, totalIters: 5 });
  }

  protected override attributesOf(options: Required<ConstantOptions>): object {
    checkFactor("Constant", options.factor);
    return super.attributesOf(options);
  }

  protected nextFactor(): number {
    if (this.lastEpoch === 0) return this.factor;
    return this.lastEpoch === this.totalIters ? divide(1, this.factor, "factor 0") : 1;
  }

  protected totalFactor(): number {
    const ended = this.lastEpoch >= this.totalIters ? 1 : 0;
    return this.factor + ended * (1 - this.factor);
  }
}

export interface LinearOptions extends SchedulerOptions {
  /** the factor at the start, from 0 to 1; default 1/3. With 0 the first step fails. */
  startFactor?: number;
  /** the factor at the end, from 0 to 1; default 1 */
  endFactor?: number;
  /** epochs from one to the other; default 5 */
  totalIters?: number;
}

/** The learning rate's factor goes along a line from `startFactor` to `endFactor` in `totalIters` epochs. */
export class LinearLR extends FactorScheduler {
  startFactor!: number;
  endFactor!: number;
  totalIters!: number;

  /** @throws RangeError for a factor that is not from 0 to 1 */
  constructor(optimizer: Optimizer, options: LinearOptions = {}) {
    super(optimizer, options, { startFactor: 1 / 3, endFactor: 1, totalIters: 5 });
  }

  protected override attributesOf(options: Required<LinearOptions>): object {
    checkFactor("Starting", options.startFactor);
    checkFactor("Ending", options.endFactor);
    return super.attributesOf(options);
  }

  protected nextFactor(): number {
    const { lastEpoch: epoch, startFactor: start, totalIters } = this;
    if (epoch === 0) return start;
    if (epoch > totalIters) return 1;
    const rise = this.endFactor - start;
    return 1 + divide(rise, totalIters * start + (epoch - 1) * rise, `startFactor ${start}`);
  }

  protected totalFactor(): number {
    const rise = (this.endFactor - this.startFactor) * Math.min(this.totalIters, this.lastEpoch);
    return this.startFactor + divide(rise, this.totalIters, "totalIters 0");
  }
}

export interface PolynomialOptions extends SchedulerOptions {
  /** epochs until the learning rate is 0; default 5 */
  totalIters?: number;
  /** the power of the polynomial; default 1 */
  power?: number;
}

/** The learning rate goes to 0 in `totalIters` epochs, as `(1 - epoch / totalIters) ** power`. */
export class PolynomialLR extends FactorScheduler {
  totalIters!: number;
  power!: number;

  constructor(optimizer: Optimizer, options: PolynomialOptions = {}) {
    super(optimizer, options, { totalIters: 5, power: 1 });
  }

  protected nextFactor(): number {
    const { lastEpoch: epoch, totalIters } = this;
    if (epoch === 0 || epoch > totalIters) return 1;
    const quotient = divide(left(epoch, totalIters), left(epoch - 1, totalIters), `totalIters ${totalIters}`);
    return power(quotient, this.power, "the factor");
  }

  protected totalFactor(): number {
    return power(left(Math.min(this.totalIters, this.lastEpoch), this.totalIters), this.power, "the factor");
  }
}

/** The part of the epochs that is left. */
function left(epoch: number, totalIters: number): number {
  return 1 - divide(epoch, totalIters, "totalIters 0");
}

function checkFactor(which: string, factor: number): void {
  if (factor > 1 || factor < 0) throw new RangeError(`${which} multiplicative factor expected to be between 0 and 1.`);
}
