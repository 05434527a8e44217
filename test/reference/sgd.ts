// The update rule of torch.optim.SGD on one element, written for reading, with every rounding in its place.

import { type DType, fusedMultiplyAdd, separateMultiplyAdd } from "./exact.js";

export interface Rule {
  dtype: DType;
  rounding: "fused" | "separate";
  lr: number;
  momentum: number;
  dampening: number;
  weightDecay: number;
  nesterov: boolean;
  maximize: boolean;
}

/** Parameter p with gradient g and momentum buffer b (null before the first step with momentum), after one step. */
export function step(rule: Rule, p: number, g: number, b: number | null): { p: number; b: number | null } {
  const { dtype, lr, momentum, dampening, weightDecay } = rule;
  const round = dtype === "float32" ? Math.fround : (x: number) => x;
  const multiplyAdd = rule.rounding === "fused" ? fusedMultiplyAdd : separateMultiplyAdd;
  const add = (x: number, k: number, z: number) => multiplyAdd(x, round(k), z, dtype);

  let d = rule.maximize ? -g : g;
  if (weightDecay !== 0) d = add(p, weightDecay, d);
  let buffer = b;
  if (momentum !== 0) {
    buffer = b === null ? d : add(d, 1 - dampening, round(b * round(momentum)));
    d = rule.nesterov ? add(buffer, momentum, d) : buffer;
  }
  return { p: add(d, -lr, p), b: buffer };
}
