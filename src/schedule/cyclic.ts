// Learning rates that go up and down again and again.

import { divide, power } from "./arithmetic.js";
import { type Optimizer, ofGroups, setEach } from "./optimizer.js";
import { number, type PerGroup, perGroup, type SchedulerOptions } from "./options.js";
import { LRScheduler } from "./scheduler.js";

/** By how much the height of a cycle is multiplied. */
export type ScaleFn = (x: number) => number;

export interface CyclicOptions extends SchedulerOptions {
  /** the lowest learning rate, from which every cycle starts */
  baseLr: PerGroup;
  /** the highest learning rate */
  maxLr: PerGroup;
  /** steps from the lowest to the highest; default 2000 */
  stepSizeUp?: number;
  /** steps back; default as many */
  stepSizeDown?: number | null;
  /**
   * How the height of cycles changes: `"triangular"` (default) not at all, `"triangular2"` halves it with every cycle,
   * `"exp_range"` multiplies it by `gamma` with every step.
   */
  mode?: "triangular" | "triangular2" | "exp_range";
  /** for `"exp_range"`; default 1 */
  gamma?: number;
  /** the height by a function of your own, in the place of `mode` */
  scaleFn?: ScaleFn | null;
  /** what `scaleFn` is given: the number of the `"cycle"` (default), counted from 1, or the number of `"iterations"` */
  scaleMode?: "cycle" | "iterations";
  /** momentum goes the opposite way; default true */
  cycleMomentum?: boolean;
  /** the lowest momentum, at the highest learning rate; default 0.8 */
  baseMomentum?: PerGroup;
  /** the highest momentum, from which every cycle starts; default 0.9 */
  maxMomentum?: PerGroup;
}

const MODES: readonly unknown[] = ["triangular", "triangular2", "exp_range"];
const DEFAULTS = {
  baseLr: undefined,
  maxLr: undefined,
  stepSizeUp: 2000,
  stepSizeDown: null,
  mode: "triangular",
  gamma: 1,
  scaleFn: null,
  scaleMode: "cycle",
  cycleMomentum: true,
  baseMomentum: 0.8,
  maxMomentum: 0.9,
};

/**
 * The learning rate goes along lines from `baseLr` to `maxLr` and back. Step it after every batch. From Smith, "Cyclical
 * Learning Rates for Training Neural Networks" (2017).
 */
export class CyclicLR extends LRScheduler {
  maxLrs!: number[];
  /** steps of a cycle */
  totalSize!: number;
  /** the part of a cycle that goes up */
  stepRatio!: number;
  mode!: string;
  gamma!: number;
  scaleMode!: string;
  cycleMomentum!: boolean;
  baseMomentums?: number[];
  maxMomentums?: number[];
  /** @internal */
  _scaleFnCustom!: ScaleFn | null;

  /** @throws RangeError for a list of another length than there are groups, or an unknown mode */
  constructor(optimizer: Optimizer, options: CyclicOptions) {
    super(optimizer, options, DEFAULTS);
    this.baseLrs = perGroup(optimizer, "baseLr", options.baseLr);
  }

  protected override attributesOf(options: Required<CyclicOptions>): object {
    const { optimizer } = this;
    const { mode, scaleFn, scaleMode, cycleMomentum } = options;
    const up = number("stepSizeUp", options.stepSizeUp);
    const down = number("stepSizeDown", options.stepSizeDown ?? up);
    const each = (name: keyof CyclicOptions) => perGroup(optimizer, name, options[name]);
    const baseLrs = each("baseLr");
    const baseMomentums = each("baseMomentum");
    const maxMomentums = each("maxMomentum");
    const attributes = {
      maxLrs: each("maxLr"),
      totalSize: up + down,
      stepRatio: divide(up, up + down, "stepSizeUp 0"),
      mode,
      gamma: number("gamma", options.gamma),
      ...scalingOf(mode, scaleFn, scaleMode),
      cycleMomentum: Boolean(cycleMomentum),
    };
    if (this.lastEpoch === -1) {
      setEach(optimizer, "lr", baseLrs);
      if (cycleMomentum) setEach(optimizer, "momentum", baseMomentums);
    }
    // Going on from an epoch, PyTorch takes the momentum that is there as the lowest.
    return cycleMomentum ? { ...attributes, baseMomentums: ofGroups(optimizer, "momentum"), maxMomentums } : attributes;
  }

  /** Sets the groups' momentum as well. */
  protected chainableLr(): number[] {
    const { lastEpoch: step, totalSize, stepRatio, baseLrs, maxLrs, baseMomentums = [], maxMomentums = [] } = this;
    const cycle = Math.floor(1 + divide(step, totalSize, "stepSizeUp 0"));
    const x = 1 + step / totalSize - cycle;
    const rise = x <= stepRatio ? divide(x, stepRatio, "stepSizeUp 0") : (x - 1) / (stepRatio - 1);
    const scale = scaleAt(this, this.scaleMode === "cycle" ? cycle : step);
    const momenta = baseMomentums.map((base, i) => maxMomentums[i] - (maxMomentums[i] - base) * rise * scale);
    if (this.cycleMomentum) setEach(this.optimizer, "momentum", momenta);
    return baseLrs.slice(0, maxLrs.length).map((base, i) => base + (maxLrs[i] - base) * rise * scale);
  }

  override checkState(dict: unknown): Record<string, unknown> {
    const attributes = super.checkState(dict);
    scalingOf(attributes.mode ?? this.mode, this._scaleFnCustom);
    return attributes;
  }
}

function scalingOf(mode: unknown, scaleFn: unknown, scaleMode?: unknown): object {
  if (scaleFn === null || scaleFn === undefined) {
    if (!MODES.includes(mode)) throw new RangeError(`mode ${String(mode)} is invalid and scaleFn is null`);
    return { _scaleFnCustom: null, scaleMode: mode === "exp_range" ? "iterations" : "cycle" };
  }
  if (typeof scaleFn !== "function") throw new TypeError(`scaleFn must be a function, got ${typeof scaleFn}`);
  return { _scaleFnCustom: scaleFn, _scaleFnRef: null, scaleMode };
}

/** By how much the cycle with the number `x`, or the step, is scaled. */
function scaleAt({ _scaleFnCustom: scaleFn, mode, gamma }: CyclicLR, x: number): number {
  if (scaleFn) return number("what scaleFn returns", scaleFn(x));
  if (mode === "triangular2") return 1 / power(2, x - 1, "cycles: 2");
  return mode === "exp_range" ? power(gamma, x, "gamma") : 1;
}
