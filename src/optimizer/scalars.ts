// A group's options as numbers for the kernel.

import { SCALED, variantIndex, ZEROED } from "../kernel/variants.js";
import type { ParamGroup } from "./options.js";
import { pythonType } from "./python.js";
import type { GradientOptions } from "./run.js";

const LARGEST_FLOAT32 = 3.4028234663852886e38;

/** Read anew at every step: to see whether something has changed would spare a few nanoseconds, for more code. */
export class Scalars {
  negativeLr = 0;
  weightDecay = 0;
  momentum = 0;
  undamped = 1;
  /** what a running update is given of both, as assembly/sgd.ts explains */
  weight = 0;
  nesterov = false;
  /** what maximize multiplies gradients by */
  sign = 1;
  /** variants for running momentum and for first steps */
  running = 0;
  first = 0;
  /** what gradients are multiplied by */
  factor = 1;
  clip = 1;

  /** @throws on options that are no numbers */
  read(group: ParamGroup): void {
    if (group.weight_decay !== undefined)
      throw new TypeError("a parameter group has no option weight_decay: write weightDecay");
    this.negativeLr = -asNumber(group, "lr");
    this.momentum = asNumber(group, "momentum");
    this.weightDecay = asNumber(group, "weightDecay");
    const withMomentum = this.momentum !== 0;
    this.undamped = 1 - (withMomentum ? asNumber(group, "dampening") : 0);
    this.weight = this.undamped !== 1 ? this.undamped : this.momentum;
    this.nesterov = Boolean(group.nesterov);
    this.sign = group.maximize ? -1 : 1;
    const decay = this.weightDecay !== 0;
    this.running = variantIndex(withMomentum, this.nesterov, this.undamped !== 1, decay);
    this.first = variantIndex(true, this.nesterov, false, decay);
  }

  /** What is done to the gradients, beyond what the group says; `zeroed`: they are zeroed by the update itself. */
  apply({ scale, clip }: GradientOptions, zeroed: boolean): void {
    this.factor = this.sign * scale;
    this.clip = clip;
    const way = zeroed ? ZEROED : this.factor !== 1 || clip !== 1 ? SCALED : 0;
    this.running += way;
    this.first += way;
  }

  /**
   * As torch checks them for float32 gradients.
   *
   * @param running some of them have a momentum buffer of an earlier step
   * @throws on numbers too large for float32 where they are used in it
   */
  checkFloat32(running: boolean): void {
    const { negativeLr, weightDecay, undamped, momentum } = this;
    if (
      isTooLarge(negativeLr) ||
      isTooLarge(weightDecay) ||
      (running && isTooLarge(undamped)) ||
      (this.nesterov && isTooLarge(momentum))
    ) {
      throw new Error("value cannot be converted to type float without overflow");
    }
  }
}

function isTooLarge(value: number): boolean {
  return Number.isFinite(value) && Math.abs(value) > LARGEST_FLOAT32;
}

/** Numbers, or booleans that stand for 0 and 1. */
function asNumber(group: ParamGroup, name: "lr" | "momentum" | "dampening" | "weightDecay"): number {
  const value: unknown = group[name];
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  throw new TypeError(`${name} of a parameter group must be a number, got ${pythonType(value)}`);
}
