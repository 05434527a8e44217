// The learning rate of stochastic weight averaging (torch.optim.swa_utils.SWALR).

import { AnnealingScheduler, type AnnealStrategy, checkStrategy } from "./annealing.js";
import { cosine } from "./exact.js";
import { type Optimizer, ofGroups, setEach } from "./optimizer.js";
import { type PerGroup, perGroup, type SchedulerOptions } from "./options.js";

/** Options of `new SWALR`. */
export interface SWALROptions extends Omit<SchedulerOptions, "verbose"> {
  /** the learning rate to go to */
  swaLr: PerGroup;
  /** steps until it is reached; default 10 */
  annealEpochs?: number;
  /** `"cos"` (default) or `"linear"` */
  annealStrategy?: AnnealStrategy;
}

/**
 * The learning rate goes from where it is to `swaLr`, and stays there. From Izmailov et al., "Averaging Weights Leads to Wider
 * Optima and Better Generalization" (2018).
 */
export class SWALR extends AnnealingScheduler {
  annealEpochs!: number;

  /** @throws RangeError for a list of another length than there are groups, or epochs that are no integer from 0 on */
  constructor(optimizer: Optimizer, options: SWALROptions) {
    super(optimizer, options, { swaLr: undefined, annealEpochs: 10, annealStrategy: "cos" });
  }

  protected override attributesOf({ swaLr, annealEpochs, annealStrategy }: Required<SWALROptions>): object {
    const swaLrs = perGroup(this.optimizer, "swaLr", swaLr, (groups, got) => {
      return `swaLr must have the same length as optimizer.paramGroups: swaLr has ${got}, optimizer.paramGroups has ${groups}`;
    });
    const attributes = { annealEpochs, annealStrategy: checkStrategy(annealStrategy) };
    if (!(Number.isInteger(annealEpochs) && annealEpochs >= 0)) {
      throw new RangeError(`annealEpochs must be equal or greater than 0, got ${String(annealEpochs)}`);
    }
    setEach(this.optimizer, "swaLr", swaLrs);
    return attributes;
  }

  protected chainableLr(): number[] {
    const { annealEpochs, annealStrategy, optimizer } = this;
    const step = annealEpochs === 0 ? Math.max(1, this._stepCount - 1) : this._stepCount - 1;
    const part = (n: number) => Math.max(0, Math.min(1, n / Math.max(1, annealEpochs)));
    const before = progress(annealStrategy, part(step - 1));
    const now = progress(annealStrategy, part(step));
    return ofGroups(optimizer, "swaLr").map((swaLr, i) => {
      const { lr } = optimizer.paramGroups[i];
      const initial = before === 1 ? swaLr : (lr - before * swaLr) / (1 - before);
      return swaLr * now + initial * (1 - now);
    });
  }
}

function progress(strategy: AnnealStrategy, part: number): number {
  return strategy === "linear" ? part : (1 - cosine(Math.PI * part)) / 2;
}
