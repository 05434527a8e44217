// A group's options as numbers for the kernel.

import { variantIndex } from "../kernel/variants.js";
import type { ParamGroup } from "./options.js";
import { pythonType } from "./python.js";

/** What of a group's parameters decides which scalars must fit into float32, as torch checks them. */
export interface Float32Use {
  /** there are float32 gradients; some with a momentum buffer of an earlier step */
  any: boolean;
  running: boolean;
}

const LARGEST_FLOAT32 = 3.4028234663852886e38;

/** Read from a group when it has changed, so that a step has nothing to compute. */
export class Scalars {
  negativeLr = 0;
  weightDecay = 0;
  momentum = 0;
  undamped = 1;
  /** what maximize multiplies gradients by */
  sign = 1;
  /** variants for running momentum and for first steps */
  running = 0;
  first = 0;
  nesterov = false;
  #isRead = false;
  // The options as they were read. One by one, because looking into an object costs time.
  #lr: unknown = 0;
  #momentum: unknown = 0;
  #dampening: unknown = 0;
  #weightDecay: unknown = 0;
  #nesterov: unknown = false;
  #maximize: unknown = false;

  /** Whether they are still those of the group. */
  fit(group: ParamGroup): boolean {
    return (
      this.#isRead &&
      this.#lr === group.lr &&
      // The sign of a zero goes into the result.
      (group.lr !== 0 || Object.is(this.#lr, group.lr)) &&
      this.#momentum === group.momentum &&
      this.#dampening === group.dampening &&
      this.#weightDecay === group.weightDecay &&
      this.#nesterov === group.nesterov &&
      this.#maximize === group.maximize &&
      !("weight_decay" in group)
    );
  }

  /** @throws on options that are no numbers */
  read(group: ParamGroup): void {
    this.#isRead = false;
    if ("weight_decay" in group) throw new TypeError("a parameter group has no option weight_decay: write weightDecay");
    const lr = asNumber(group.lr, "lr");
    const momentum = asNumber(group.momentum, "momentum");
    const weightDecay = asNumber(group.weightDecay, "weightDecay");
    const undamped = 1 - (momentum !== 0 ? asNumber(group.dampening, "dampening") : 0);
    const nesterov = Boolean(group.nesterov);
    this.negativeLr = -lr;
    this.weightDecay = weightDecay;
    this.momentum = momentum;
    this.undamped = undamped;
    this.nesterov = nesterov;
    this.sign = group.maximize ? -1 : 1;
    this.running = variantIndex(momentum !== 0, nesterov, undamped !== 1, weightDecay !== 0);
    this.first = variantIndex(true, nesterov, false, weightDecay !== 0);
    this.#lr = group.lr;
    this.#momentum = group.momentum;
    this.#dampening = group.dampening;
    this.#weightDecay = group.weightDecay;
    this.#nesterov = group.nesterov;
    this.#maximize = group.maximize;
    this.#isRead = true;
  }

  /** @throws on numbers too large for float32 where they are used in it */
  check({ any, running }: Float32Use): void {
    if (!any) return;
    checkFloat32(this.negativeLr);
    checkFloat32(this.weightDecay);
    if (running) checkFloat32(this.undamped);
    if (this.nesterov) checkFloat32(this.momentum);
  }
}

function checkFloat32(value: number): void {
  if (Math.abs(value) > LARGEST_FLOAT32 && Math.abs(value) !== Number.POSITIVE_INFINITY) {
    throw new Error("value cannot be converted to type float without overflow");
  }
}

/** Numbers, or booleans that stand for 0 and 1. */
function asNumber(value: unknown, name: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  throw new TypeError(`${name} of a parameter group must be a number, got ${pythonType(value)}`);
}
