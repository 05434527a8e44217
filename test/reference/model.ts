// The optimizer as the specification has it, on plain arrays of numbers: no memory, no kernel, no haste.

import type { DType } from "./exact.js";
import { type Rule, step } from "./sgd.js";

export interface ModelParameter {
  dtype: DType;
  data: number[];
  grad: number[] | null;
  /** the entry of the optimizer's state; undefined before the first step with a gradient */
  state: { buffer: number[] | null } | undefined;
}

export type Options = Omit<Rule, "dtype" | "rounding"> & { foreach: boolean | null };

export interface ModelGroup {
  options: Options;
  params: ModelParameter[];
}

/** A state dict: options and number of parameters of each group, buffers by index. */
export interface Saved {
  groups: { options: Options; count: number }[];
  state: ({ buffer: number[] | null } | undefined)[];
}

export const DEFAULTS: Options = {
  lr: 0.1,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
  foreach: null,
};

export class Model {
  groups: ModelGroup[] = [];
  readonly #rounding: "fused" | "separate";

  constructor(rounding: "fused" | "separate") {
    this.#rounding = rounding;
  }

  get params(): ModelParameter[] {
    return this.groups.flatMap((group) => group.params);
  }

  step({ zeroGrad = false, gradScale }: { zeroGrad?: boolean; gradScale?: number } = {}): void {
    for (const { options, params } of this.groups) {
      for (const parameter of params) this.#update(parameter, options, gradScale);
    }
    if (zeroGrad) this.zeroGrad(false);
  }

  zeroGrad(setToNone: boolean): void {
    for (const parameter of this.params) parameter.grad = setToNone ? null : (parameter.grad?.fill(0) ?? null);
  }

  save(): Saved {
    return {
      groups: this.groups.map(({ options, params }) => ({ options: { ...options }, count: params.length })),
      state: this.params.map(({ state }) => state && { buffer: state.buffer && [...state.buffer] }),
    };
  }

  /** Whether `load` may be called: as many parameters in each group, and buffers of their sizes. */
  fits({ groups, state }: Saved): boolean {
    return (
      groups.length === this.groups.length &&
      groups.every(({ count }, i) => count === this.groups[i].params.length) &&
      this.params.every(({ data }, i) => !state[i]?.buffer || state[i].buffer.length === data.length)
    );
  }

  load({ groups, state }: Saved): void {
    this.params.forEach((parameter, i) => {
      const round = parameter.dtype === "float32" ? Math.fround : (x: number) => x;
      parameter.state = state[i] && { buffer: state[i].buffer?.map(round) ?? null };
    });
    this.groups.forEach((group, i) => {
      group.options = { ...groups[i].options };
    });
  }

  #update(parameter: ModelParameter, options: Options, gradScale: number | undefined): void {
    const { dtype, data, grad } = parameter;
    if (grad === null) return;
    const round = dtype === "float32" ? Math.fround : (x: number) => x;
    const scale = gradScale === undefined ? 1 : round(gradScale);
    const old = parameter.state?.buffer ?? null;
    const rule = { ...options, dtype, rounding: this.#rounding };
    const buffer = data.map((p, i) => {
      const after = step(rule, p, round(grad[i] * scale), old?.[i] ?? null);
      data[i] = after.p;
      return after.b;
    });
    parameter.state = { buffer: options.momentum === 0 ? old : (buffer as number[]) };
  }
}
