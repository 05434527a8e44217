// Loss scaling for mixed precision: the logic of torch.amp.GradScaler of PyTorch 2.14, which 1.13 has for CUDA only.

import { checkKeys, checkNumber, isRecord, typeName } from "../common/checks.js";
import { present, summaryOf } from "../common/present.js";
import { checkStepOptions, type StepOptions, type StepReport } from "../optimizer/step-arguments.js";
import type { SGD } from "../sgd.js";
import { foundNonfinite, gradientsOf, multiplyGradients, refuseFloat16, skipStep, unscaleInStep } from "./gradients.js";

/** Options of `new GradScaler`. */
export interface GradScalerOptions {
  /** the first scale, rounded to float32; default 65536 */
  initScale?: number;
  /** what the scale is multiplied by after `growthInterval` steps without NaN and infinities, above 1; default 2 */
  growthFactor?: number;
  /** what the scale is multiplied by after a step with one, below 1; default 0.5 */
  backoffFactor?: number;
  /** default 2000 */
  growthInterval?: number;
  /** false: `scale` and `step` pass everything through, and the rest does nothing; default true */
  enabled?: boolean;
}

/** A scaler's state as plain data, with PyTorch's keys; empty when it is disabled. */
export interface GradScalerState {
  scale?: number;
  growth_factor?: number;
  backoff_factor?: number;
  growth_interval?: number;
  _growth_tracker?: number;
}

/** What has been done with an optimizer since the latest `update`. */
interface Progress {
  stage: "ready" | "unscaled" | "stepped";
  /** whether a gradient was NaN or infinite; null when none was looked at */
  found: boolean | null;
}

const DEFAULTS = { initScale: 65536, growthFactor: 2, backoffFactor: 0.5, growthInterval: 2000, enabled: true };

/**
 * Keeps gradients in the range of a small element type: the loss is multiplied by a scale, and the gradients by its inverse
 * before the step. Steps whose gradients hold NaN or infinities are skipped, and make the scale smaller.
 *
 * @example
 * ```ts
 * const scaler = new GradScaler();
 * computeGradients(scaler.scale(1)); // of the scaled loss
 * scaler.step(optimizer);
 * scaler.update();
 * ```
 */
export class GradScaler {
  #initScale: number;
  #growthFactor: number;
  #backoffFactor: number;
  #growthInterval: number;
  readonly #enabled: boolean;
  /** a float32; null before the first `scale` */
  #scale: number | null = null;
  /** steps without NaN and infinities since the scale has changed */
  #growthTracker = 0;
  #progress = new Map<SGD, Progress>();

  /** @throws TypeError for a growth factor up to 1, a backoff factor from 1 on, or anything but a number */
  constructor(options: GradScalerOptions = {}) {
    checkKeys(options, Object.keys(DEFAULTS), "GradScaler");
    const {
      initScale = DEFAULTS.initScale,
      growthFactor = DEFAULTS.growthFactor,
      backoffFactor = DEFAULTS.backoffFactor,
      growthInterval = DEFAULTS.growthInterval,
      enabled = DEFAULTS.enabled,
    } = options;
    this.#initScale = checkNumber("initScale", initScale);
    this.#growthFactor = checkNumber("growthFactor", growthFactor);
    this.#backoffFactor = checkNumber("backoffFactor", backoffFactor);
    this.#growthInterval = checkNumber("growthInterval", growthInterval);
    this.#enabled = enabled;
    present(this, [], () => this.#summary());
    if (!enabled) return;
    if (!(growthFactor > 1)) throw new TypeError("The growth factor must be > 1.0.");
    if (!(backoffFactor < 1)) throw new TypeError("The backoff factor must be < 1.0.");
  }

  /**
   * The loss, or a list of losses, times the scale. Where gradients are computed by hand, `scale(1)` is what to multiply by.
   *
   * @throws RangeError for what is neither
   */
  scale(loss: number): number;
  scale(losses: readonly number[]): number[];
  scale(outputs: number | readonly number[]): number | number[] {
    if (typeof outputs !== "number" && !Array.isArray(outputs)) {
      throw new RangeError(`outputs must be a number or a list of numbers, got ${typeName(outputs)}`);
    }
    if (!this.#enabled) return outputs as number;
    this.#scale ??= Math.fround(this.#initScale);
    return typeof outputs === "number" ? outputs * this.#scale : outputs.map((output) => this.scale(output));
  }

  /**
   * Divides the optimizer's gradients by the scale, in place, to clip or look at them before the step: multiplies by the float32
   * nearest to 1 / scale.
   *
   * @throws Error when that was done already, or the step was; RangeError for float16 gradients
   */
  unscale(optimizer: SGD): void {
    if (!this.#enabled) return;
    const scale = this.#currentScale("unscale");
    const progress = this.#progressOf(optimizer);
    if (progress.stage === "unscaled") {
      throw new Error("unscale() has already been called on this optimizer since the last update().");
    }
    if (progress.stage === "stepped") throw new Error("unscale() is being called after step().");
    const params = gradientsOf(optimizer);
    refuseFloat16(params);
    progress.found = foundNonfinite(params);
    multiplyGradients(params, inverse(scale));
    progress.stage = "unscaled";
  }

  /**
   * Steps the optimizer, unless a gradient is NaN or infinite. Without `unscale` before it, gradients are scaled, clipped and
   * applied in one pass, and stay as they are unless `zeroGrad` is given. A `gradScale` of the options multiplies as well.
   *
   * @throws Error when the optimizer has stepped since the latest update; TypeError when no parameter has a gradient; RangeError
   *   for float16 gradients, unless all groups are `fused`
   */
  step(optimizer: SGD, options: StepOptions = {}): StepReport {
    if (typeof options === "function") {
      throw new Error("Closure use is not currently supported if GradScaler is enabled.");
    }
    if (!this.#enabled) return optimizer.step(options);
    checkStepOptions(options, false);
    const scale = this.#currentScale("step");
    const progress = this.#progressOf(optimizer);
    if (progress.stage === "stepped") throw new Error("step() has already been called since the last update().");
    const isReady = progress.stage === "ready";
    const found = isReady ? this.#look(optimizer) : progress.found;
    if (found === null) {
      progress.stage = "unscaled";
      throw new TypeError("No inf checks were recorded for this optimizer.");
    }
    const unscaled = isReady ? unscaleInStep(optimizer, inverse(scale), options, found) : options;
    const report = found ? skipStep(optimizer, unscaled) : optimizer.step(unscaled);
    progress.found = found;
    progress.stage = "stepped";
    return report;
  }

  /**
   * Adapts the scale: smaller after a step with NaN or infinities, larger after `growthInterval` steps without. Call it once per
   * iteration, after all steps.
   *
   * @param newScale the scale from now on, rounded to float32
   * @throws TypeError when nothing was looked at since the latest update
   */
  update(newScale?: number): void {
    if (!this.#enabled) return;
    const scale = this.#currentScale("update");
    if (newScale !== undefined) {
      this.#scale = Math.fround(checkNumber("newScale", newScale));
    } else {
      const found = [...this.#progress.values()].map((progress) => progress.found).filter((one) => one !== null);
      if (found.length === 0) throw new TypeError("No inf checks were recorded prior to update.");
      if (found.includes(true)) this.#shrink(scale);
      else this.#count(scale);
    }
    this.#progress = new Map();
  }

  /** The scale; 1 when disabled. */
  getScale(): number {
    return this.#enabled ? (this.#scale ?? this.#initScale) : 1;
  }

  /** What the scale is multiplied by after `growthInterval` steps without an overflow. */
  getGrowthFactor(): number {
    return this.#growthFactor;
  }

  /** Changes what `getGrowthFactor` gives. */
  setGrowthFactor(factor: number): void {
    this.#growthFactor = checkNumber("growthFactor", factor);
  }

  /** What the scale is multiplied by after a step with an overflow. */
  getBackoffFactor(): number {
    return this.#backoffFactor;
  }

  /** Changes what `getBackoffFactor` gives. */
  setBackoffFactor(factor: number): void {
    this.#backoffFactor = checkNumber("backoffFactor", factor);
  }

  /** How many steps in a row without an overflow make the scale grow. */
  getGrowthInterval(): number {
    return this.#growthInterval;
  }

  /** Changes what `getGrowthInterval` gives. */
  setGrowthInterval(interval: number): void {
    this.#growthInterval = checkNumber("growthInterval", interval);
  }

  /** Whether the scaler does anything: `enabled`. */
  isEnabled(): boolean {
    return this.#enabled;
  }

  #summary(): string {
    const scale = this.getScale();
    const [growthFactor, backoffFactor, growthInterval] = [
      this.#growthFactor,
      this.#backoffFactor,
      this.#growthInterval,
    ];
    return summaryOf("GradScaler", { scale, growthFactor, backoffFactor, growthInterval, enabled: this.#enabled });
  }

  #look(optimizer: SGD): boolean | null {
    const params = gradientsOf(optimizer);
    // PyTorch's fused steps take float16, and unscale by themselves.
    if (!optimizer.paramGroups.every(({ fused }) => fused)) refuseFloat16(params);
    return foundNonfinite(params);
  }

  #currentScale(method: string): number {
    if (this.#scale !== null) return this.#scale;
    throw new TypeError(
      `Attempted ${method} but the scale is not there yet. This may indicate your script did not use scaler.scale(loss) ` +
        "earlier in the iteration.",
    );
  }

  #progressOf(optimizer: SGD): Progress {
    const known = this.#progress.get(optimizer) ?? { stage: "ready", found: null };
    this.#progress.set(optimizer, known);
    return known;
  }

  #shrink(scale: number): void {
    this.#scale = Math.fround(scale * this.#backoffFactor);
    this.#growthTracker = 0;
  }

  #count(scale: number): void {
    this.#growthTracker += 1;
    if (this.#growthTracker !== this.#growthInterval) return;
    const grown = Math.fround(scale * this.#growthFactor);
    if (Number.isFinite(grown)) this.#scale = grown;
    this.#growthTracker = 0;
  }

  /** A snapshot with the keys of PyTorch's `state_dict()`. */
  stateDict(): GradScalerState {
    if (!this.#enabled) return {};
    return {
      scale: this.getScale(),
      growth_factor: this.#growthFactor,
      backoff_factor: this.#backoffFactor,
      growth_interval: this.#growthInterval,
      _growth_tracker: this.#growthTracker,
    };
  }

  /**
   * Takes over a state dict, also one of a torch checkpoint.
   *
   * @throws Error for an empty dict, or when a key is missing: the keys before it have been taken then, as in PyTorch
   */
  loadStateDict(dict: GradScalerState): void {
    if (!this.#enabled) return;
    if (!isRecord(dict)) throw new TypeError(`a scaler's state dict must be an object, got ${typeName(dict)}`);
    if (Object.keys(dict).length === 0) {
      throw new Error(
        "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler.",
      );
    }
    this.#initScale = entry(dict, "scale");
    if (this.#scale !== null) this.#scale = Math.fround(this.#initScale);
    this.#growthFactor = entry(dict, "growth_factor");
    this.#backoffFactor = entry(dict, "backoff_factor");
    this.#growthInterval = entry(dict, "growth_interval");
    this.#growthTracker = entry(dict, "_growth_tracker");
  }
}

/** The float32 nearest to 1 / scale. */
function inverse(scale: number): number {
  return Math.fround(1 / scale);
}

function entry(dict: object, key: keyof GradScalerState): number {
  if (!Object.hasOwn(dict, key)) throw new Error(`the scaler's state dict has no ${key}`);
  return checkNumber(`${key} of a scaler's state dict`, (dict as GradScalerState)[key]);
}
