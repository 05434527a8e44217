// One learning rate up and down for the whole of a training.

import { AnnealingScheduler, type AnnealStrategy, checkStrategy } from "./annealing.js";
import { divide } from "./arithmetic.js";
import { cosine } from "./exact.js";
import { type Optimizer, ofGroups, setEach } from "./optimizer.js";
import { number, type PerGroup, perGroup, positiveInteger, type SchedulerOptions } from "./options.js";
import { toName } from "./state.js";

export interface OneCycleOptions extends SchedulerOptions {
  /** the highest learning rate */
  maxLr: PerGroup;
  /** steps of the cycle; or give `epochs` and `stepsPerEpoch` */
  totalSteps?: number | null;
  epochs?: number | null;
  stepsPerEpoch?: number | null;
  /** the part of the cycle, from 0 to 1, in which the learning rate rises; default 0.3 */
  pctStart?: number;
  /** `"cos"` (default) or `"linear"` */
  annealStrategy?: AnnealStrategy;
  /** momentum goes the opposite way; default true */
  cycleMomentum?: boolean;
  /** the lowest momentum, at the highest learning rate; default 0.85 */
  baseMomentum?: PerGroup;
  /** the highest momentum; default 0.95 */
  maxMomentum?: PerGroup;
  /** the first learning rate is `maxLr / divFactor`; default 25 */
  divFactor?: number;
  /** the last is the first divided by this; default 1e4 */
  finalDivFactor?: number;
  /** back to the first learning rate in a phase as long as the first, then down to the last; default false */
  threePhase?: boolean;
}

const DEFAULTS = {
  maxLr: undefined,
  totalSteps: null,
  epochs: null,
  stepsPerEpoch: null,
  pctStart: 0.3,
  annealStrategy: "cos",
  cycleMomentum: true,
  baseMomentum: 0.85,
  maxMomentum: 0.95,
  divFactor: 25,
  finalDivFactor: 1e4,
  threePhase: false,
};

/** From where to where options go until `end_step`, by the keys of groups as PyTorch spells them. */
interface Phase {
  end_step: number;
  start_lr: string;
  end_lr: string;
  start_momentum: string;
  end_momentum: string;
}

/**
 * The learning rate rises to `maxLr` and falls to almost nothing, in `totalSteps` steps. Step it after every batch. From Smith
 * and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates" (2018).
 */
export class OneCycleLR extends AnnealingScheduler {
  totalSteps!: number;
  cycleMomentum!: boolean;
  /** @internal */
  _schedulePhases!: Phase[];

  /** @throws RangeError for steps that are no integers from 1 on, `pctStart` beyond 0 to 1, or a list of another length */
  constructor(optimizer: Optimizer, options: OneCycleOptions) {
    super(optimizer, options, DEFAULTS);
  }

  protected override attributesOf(options: Required<OneCycleOptions>): object {
    const { threePhase, cycleMomentum } = options;
    const totalSteps = stepsOf(options);
    const pctStart = number("pctStart", options.pctStart);
    if (!(pctStart >= 0 && pctStart <= 1)) {
      throw new RangeError(`Expected float between 0 and 1 pctStart, but got ${pctStart}`);
    }
    const annealStrategy = checkStrategy(options.annealStrategy);
    const values = valuesForGroups(this.optimizer, options);
    if (this.lastEpoch === -1) for (const key of Object.keys(values)) setEach(this.optimizer, key, values[key]);
    return {
      totalSteps,
      _schedulePhases: phasesOf(totalSteps, pctStart, threePhase),
      annealStrategy,
      ...(cycleMomentum ? { cycleMomentum: true, useBeta1: false } : { cycleMomentum: false }),
    };
  }

  /** Sets the groups' momentum as well. */
  protected chainableLr(): number[] {
    const { lastEpoch: step, totalSteps, optimizer } = this;
    if (step > totalSteps) {
      throw new RangeError(`Tried to step ${step + 1} times. The specified number of total steps is ${totalSteps}`);
    }
    const { phase, part } = phaseAt(this._schedulePhases, step);
    const between = interpolation(this.annealStrategy, part);
    const each = (from: string, to: string) => {
      const ends = ofGroups(optimizer, toName(to));
      return ofGroups(optimizer, toName(from)).map((start, i) => between(start, ends[i]));
    };
    const rates = each(phase.start_lr, phase.end_lr);
    if (this.cycleMomentum) setEach(optimizer, "momentum", each(phase.start_momentum, phase.end_momentum));
    return rates;
  }
}

function stepsOf({ totalSteps, epochs, stepsPerEpoch }: OneCycleOptions): number {
  if (totalSteps !== null) return positiveInteger("totalSteps", totalSteps);
  if (epochs === null && stepsPerEpoch === null) {
    throw new RangeError("You must define either totalSteps OR (epochs AND stepsPerEpoch)");
  }
  return positiveInteger("epochs", epochs) * positiveInteger("stepsPerEpoch", stepsPerEpoch);
}

/** What is kept in groups, by key. */
function valuesForGroups(optimizer: Optimizer, options: Required<OneCycleOptions>): Record<string, number[]> {
  const divFactor = number("divFactor", options.divFactor);
  const finalDivFactor = number("finalDivFactor", options.finalDivFactor);
  const maxLr = perGroup(optimizer, "maxLr", options.maxLr);
  const initialLr = maxLr.map((lr) => divide(lr, divFactor, "divFactor 0"));
  const minLr = initialLr.map((lr) => divide(lr, finalDivFactor, "finalDivFactor 0"));
  if (!options.cycleMomentum) return { initialLr, maxLr, minLr };
  const maxMomentum = perGroup(optimizer, "maxMomentum", options.maxMomentum);
  const baseMomentum = perGroup(optimizer, "baseMomentum", options.baseMomentum);
  return { initialLr, maxLr, minLr, momentum: maxMomentum, maxMomentum, baseMomentum };
}

function phasesOf(steps: number, pctStart: number, three: boolean): Phase[] {
  const rise = newPhase(pctStart * steps - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum");
  if (!three) return [rise, newPhase(steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")];
  return [
    rise,
    newPhase(2 * pctStart * steps - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
    newPhase(steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
  ];
}

function newPhase(end_step: number, ...[start_lr, end_lr, start_momentum, end_momentum]: string[]): Phase {
  return { end_step, start_lr, end_lr, start_momentum, end_momentum };
}

/** The first phase that has not ended, and how much of it is over; from the last step on the last phase, which goes on. */
function phaseAt(phases: readonly Phase[], step: number): { phase: Phase; part: number } {
  const found = phases.findIndex(({ end_step }) => step <= end_step);
  const index = found < 0 ? phases.length - 1 : found;
  const start = index === 0 ? 0 : phases[index - 1].end_step;
  const phase = phases[index];
  return { phase, part: divide(step - start, phase.end_step - start, "a phase of 0 steps") };
}

/** What lies between two numbers, at the same part of the way for all. */
function interpolation(strategy: AnnealStrategy, part: number): (start: number, end: number) => number {
  if (strategy === "linear") return (start, end) => (end - start) * part + start;
  const height = cosine(Math.PI * part) + 1;
  return (start, end) => end + ((start - end) / 2) * height;
}
