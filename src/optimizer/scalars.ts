// A group's options as numbers for the kernel.

import { typeName } from "../common/checks.js";
import { FLOAT32_OVERFLOW, overflowsFloat32 } from "../common/dtype.js";
import { DAMPENING, DECAY, MAXIMIZE, MOMENTUM, NESTEROV, SCALE, ZERO } from "../kernel/flags.js";
import type { StepScalars } from "../kernel/kernel.js";
import type { ParamGroup } from "./groups.js";

/** What happens to gradients in a step, beyond what the groups say. */
export interface GradientOptions {
  /** they are multiplied by this, then by `clip` */
  scale: number;
  clip: number;
  /** they are zeroed after */
  zero: boolean;
}

/** Read anew at every step: to see whether something has changed would spare a few nanoseconds, for more code. */
export class Scalars implements StepScalars {
  negativeLr = 0;
  weightDecay = 0;
  momentum = 0;
  undamped = 1;
  nesterov = false;
  maximize = false;
  /** of kernel/flags.ts, but for FIRST */
  flags = 0;
  /** what gradients are multiplied by, one after the other */
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
    this.nesterov = Boolean(group.nesterov);
    this.maximize = Boolean(group.maximize);
    this.flags = this.weightDecay !== 0 ? DECAY : 0;
    if (this.maximize) this.flags |= MAXIMIZE;
    if (!withMomentum) return;
    this.flags |= MOMENTUM;
    if (this.nesterov) this.flags |= NESTEROV;
    if (this.undamped !== 1) this.flags |= DAMPENING;
  }

  /** What is done to the gradients, beyond what the group says; `zeroed`: they are zeroed by the update itself. */
  apply({ scale, clip }: GradientOptions, zeroed: boolean): void {
    this.factor = scale;
    this.clip = clip;
    if (scale !== 1 || clip !== 1) this.flags |= SCALE;
    if (zeroed) this.flags |= ZERO;
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
      overflowsFloat32(negativeLr) ||
      overflowsFloat32(weightDecay) ||
      (running && overflowsFloat32(undamped)) ||
      (this.nesterov && overflowsFloat32(momentum))
    ) {
      throw new Error(FLOAT32_OVERFLOW);
    }
  }
}

/** Numbers, or booleans that stand for 0 and 1. */
function asNumber(group: ParamGroup, name: "lr" | "momentum" | "dampening" | "weightDecay"): number {
  const value: unknown = group[name];
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  throw new TypeError(`${name} of a parameter group must be a number, got ${typeName(value)}`);
}
