// torch.optim.SGD.

import { formatOptimizer } from "./optimizer/format.js";
import {
  adoptGroup,
  checkedDefaults,
  type Defaults,
  type ParamGroup,
  type ParamGroupInit,
  type Params,
  type SGDOptions,
  toGroups,
} from "./optimizer/options.js";
import { Plan } from "./optimizer/plan.js";
import { pythonType } from "./optimizer/python.js";
import { runPlan } from "./optimizer/run.js";
import { OptimizerState } from "./optimizer/state.js";

export interface StepOptions {
  /** every gradient is multiplied by this first, as `grad.mul_(gradScale)`; default: not at all */
  gradScale?: number;
  /** the gradients' total 2-norm is clipped to this, as by `clipGradNorm`; default: not at all */
  maxGradNorm?: number;
  /** zero the gradients in the same pass; default false */
  zeroGrad?: boolean;
}

/**
 * Stochastic gradient descent, optionally with momentum (`torch.optim.SGD` of PyTorch 1.13, bit for bit).
 *
 * For every parameter θ with gradient g:
 *
 * ```
 * if maximize:         g ← -g
 * if weightDecay ≠ 0:  g ← g + weightDecay·θ
 * if momentum ≠ 0:     b ← momentum·b + (1 - dampening)·g     (b ← g on the first step of θ)
 *                      g ← g + momentum·b if nesterov, else b
 * θ ← θ - lr·g
 * ```
 *
 * @example
 * ```ts
 * const optimizer = new SGD([weight, bias], { lr: 0.1, momentum: 0.9 });
 * optimizer.zeroGrad();
 * weight.ensureGrad().set(gradientOfWeight);
 * bias.ensureGrad().set(gradientOfBias);
 * optimizer.step();
 * ```
 *
 * The formula is that of the PyTorch documentation of `torch.optim.SGD`, after Sutskever et al., "On the importance of
 * initialization and momentum in deep learning" (2013), with the differences from it that PyTorch states there.
 */
export class SGD {
  /** live and mutable: options are read at every step */
  paramGroups: ParamGroup[] = [];
  /** what groups added later get for options they leave out */
  readonly defaults: Defaults;
  /** by parameter; a parameter has an entry once it had a gradient in a step */
  readonly state = new OptimizerState();
  readonly #plan = new Plan();

  /**
   * @param params parameters, or groups of them with options of their own
   * @throws RangeError for negative lr, momentum or weightDecay, for Nesterov without momentum or with dampening, for no
   *   parameters, for a parameter in two groups; TypeError for what is not a parameter
   */
  constructor(params: Params, options: SGDOptions = {}) {
    this.defaults = checkedDefaults(options);
    for (const group of toGroups(params)) this.addParamGroup(group as ParamGroupInit);
  }

  /** Adds a group; options it leaves out are the optimizer's `defaults`. The group given becomes the group, live. */
  addParamGroup(group: ParamGroupInit): void {
    this.paramGroups.push(adoptGroup(group, this.defaults, this.paramGroups));
  }

  /**
   * One update of every parameter that has a gradient.
   *
   * @param closure called once before the update, to compute loss and gradients
   * @returns what the closure returned
   * @throws Error, with nothing changed, when the closure throws, an option cannot be used or there is no memory for a buffer
   */
  step(closure?: null, options?: StepOptions): undefined;
  step<T>(closure: () => T, options?: StepOptions): T;
  step<T>(closure?: (() => T) | null, options: StepOptions = NO_OPTIONS): T | undefined {
    if (closure !== undefined && closure !== null && typeof closure !== "function") {
      throw new TypeError(`'${pythonType(closure)}' object is not callable`);
    }
    const result = closure ? closure() : undefined;
    this.#plan.prepare(this.paramGroups, this.state);
    runPlan(this.#plan, options.gradScale ?? null, null, options.zeroGrad ?? false);
    this.#plan.settle();
    return result;
  }

  /** Sets all gradients to zero, in place; with `setToNone`, to null. */
  zeroGrad(setToNone = false): void {
    for (const group of this.paramGroups) {
      for (const parameter of group.params) {
        if (setToNone) parameter.grad = null;
        else parameter.zeroGrad();
      }
    }
  }

  toString(): string {
    return formatOptimizer(this.paramGroups);
  }
}

const NO_OPTIONS: StepOptions = {};
