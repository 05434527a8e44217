/// <reference lib="esnext.disposable" preserve="true" />

// torch.optim.SGD.

import { present } from "./common/present.js";
import type { StateDict } from "./common/tensor-data.js";
import { formatOptimizer } from "./optimizer/format.js";
import {
  adoptGroup,
  type ParamGroup,
  type ParamGroupInit,
  type Params,
  parametersOf,
  toGroups,
} from "./optimizer/groups.js";
import {
  callStateDictHooks,
  callStepPreHooks,
  type HookHandle,
  type HookOptions,
  Hooks,
  type OptimizerHook,
  type StateDictHook,
  type StepArguments,
  type StepPostHook,
  type StepPreHook,
} from "./optimizer/hooks.js";
import { checkLoadOptions, checkStateDict, type LoadOptions, loadBuffers } from "./optimizer/load.js";
import { checkedDefaults, type Defaults, type SGDOptions } from "./optimizer/options.js";
import { Plan } from "./optimizer/plan.js";
import { reportOn } from "./optimizer/report.js";
import { update } from "./optimizer/run.js";
import { saveState } from "./optimizer/save.js";
import type { GradientOptions } from "./optimizer/scalars.js";
import { OptimizerState } from "./optimizer/state.js";
import {
  checkStepOptions,
  readSetToNone,
  refusePromise,
  type StepOptions,
  type StepReport,
  stepArguments,
  type ZeroGradOptions,
} from "./optimizer/step-arguments.js";
import { type StepCotangents, type StepGradients, Tape } from "./optimizer/tape.js";
import type { AnyParameter } from "./parameter.js";

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
  /** Steps since the latest scheduler was made, which schedulers warn by. @internal */
  stepCount = 0;
  readonly #state = new OptimizerState();
  readonly #names = new Map<AnyParameter, string>();
  readonly #plan = new Plan();
  /** one object for all steps, so that a step makes none */
  readonly #gradients: GradientOptions = { scale: 1, clip: 1, zero: false };
  readonly #tape = new Tape();
  /** made with the first of them */
  #hooks: Hooks<SGD> | null = null;
  /** state entries of a loaded dict that no group mentioned */
  #aside: Record<string, unknown> = {};

  /**
   * Stochastic gradient descent: `b ← momentum·b + (1 - dampening)·(g + weightDecay·θ)`, `θ ← θ - lr·b`; the class has the whole rule.
   *
   * @example
   * ```ts
   * const optimizer = new SGD([weight, bias], { lr: 0.1, momentum: 0.9 });
   * ```
   *
   * @param params parameters, by name or not, or groups of them with options of their own
   * @param options defaults of the groups; `lr` is required here or in every group
   * @throws RangeError for negative lr, momentum or weightDecay, for Nesterov without momentum or with dampening, for no
   *   parameters, for a parameter in two groups; TypeError for what is not a parameter
   */
  constructor(params: Params, options: SGDOptions = {}) {
    this.defaults = checkedDefaults(options);
    for (const group of toGroups(params)) this.addParamGroup(group as ParamGroupInit);
    present(this, ["stepCount"], () => this.toString());
  }

  /**
   * Adds a group; options it leaves out are the optimizer's `defaults`. The group given becomes the group, live; of a frozen one
   * a copy does.
   */
  addParamGroup(group: ParamGroupInit): void {
    const adopted = adoptGroup(group, this.defaults, this.paramGroups, this.#names);
    this.paramGroups.push(adopted);
  }

  /**
   * By parameter; a parameter has an entry once it had a gradient in a step. Entries and buffers can be set, which copies them;
   * the map itself stays the optimizer's.
   */
  get state(): OptimizerState {
    return this.#state;
  }

  set state(_: never) {
    throw new TypeError(
      "state cannot be assigned: set an entry with optimizer.state.set(parameter, { momentumBuffer }), or all of it with " +
        "optimizer.loadStateDict(dict)",
    );
  }

  /**
   * One update of every parameter that has a gradient.
   *
   * @param closure called once before the update, to compute loss and gradients
   * @param options what to do with the gradients in the same pass, in this order: scale, check, clip, step, zero
   * @returns what the closure returned; without a closure, a report if there are options, else undefined
   * @throws Error, with nothing changed, when the closure throws, an option cannot be used or there is no memory for a buffer;
   *   TypeError, with nothing changed, when the closure returns a promise
   */
  step(closure?: null): undefined;
  step<T>(closure: () => T, options?: StepOptions): T;
  step(options: StepOptions): StepReport;
  step(closure: null | undefined, options: StepOptions): StepReport;
  step<T>(closure?: (() => T) | null, options?: StepOptions): T | StepReport | undefined;
  step<T>(closure?: (() => T) | StepOptions | null, options?: StepOptions): T | StepReport | undefined {
    this.stepCount++;
    // What is rare is in functions of its own: the engine then compiles all of an ordinary step into one piece.
    if (closure !== undefined || options !== undefined || this.#hooks) return this.#stepWith(closure, options);
    this.#update(AS_THEY_ARE);
    return undefined;
  }

  /** Sets all gradients to zero, in place; with `setToNone`, to null. */
  zeroGrad(options: boolean | ZeroGradOptions = false): void {
    const setToNone = readSetToNone(options);
    const params = parametersOf(this.paramGroups);
    for (const parameter of params) parameter.checkAlive();
    for (const parameter of params) {
      if (setToNone) parameter.grad = null;
      else parameter.zeroGrad();
    }
  }

  /**
   * The vector-Jacobian product of the latest step that has not been taken back yet: from the derivatives of a scalar with
   * respect to what the step wrote to those with respect to what it read, the options included. Repeated calls go back step
   * by step, as `torch.autograd` does through `torch.optim.SGD(differentiable=True)`.
   *
   * Needs `differentiable: true`. A recorded step keeps copies on the JavaScript heap until it is taken back: of gradients, with
   * weight decay of parameters, and with momentum of buffers from the second step on. It does not restore values.
   *
   * @throws Error when no recorded step is left or a parameter was disposed, RangeError when the cotangents do not fit the
   *   parameters
   */
  backward(cotangents: StepCotangents): StepGradients {
    return this.#tape.backward(cotangents);
  }

  /** A snapshot as plain data, with the keys of PyTorch's `state_dict()`: later steps do not change it. */
  stateDict(): StateDict {
    for (const { call } of this.#hooks?.beforeSave ?? []) call(this);
    const dict = saveState(this.paramGroups, this.#state, this.#aside, this.#names);
    return this.#hooks ? callStateDictHooks(this.#hooks.afterSave, this, dict) : dict;
  }

  /**
   * Takes over state and options of a state dict. Buffers are converted to the parameters' dtype; a tensor with one element counts
   * as a number where an option is one. Groups become new objects, as in PyTorch.
   *
   * @throws RangeError or Error when the dict does not fit; the optimizer is as before then
   */
  loadStateDict(dict: StateDict, options: LoadOptions = {}): void {
    checkLoadOptions(options);
    const given = this.#hooks && dict ? callStateDictHooks(this.#hooks.beforeLoad, this, { ...dict }) : dict;
    const loaded = checkStateDict(given, this.paramGroups, this.#names, options.match ?? "auto");
    loadBuffers(loaded.buffers, this.#state);
    this.#aside = loaded.aside;
    this.#tape.clear();
    if (!options.keepHyperparameters) this.paramGroups = loaded.groups;
    for (const { call } of this.#hooks?.afterLoad ?? []) call(this);
  }

  /** Calls `hook(optimizer, args, options)` before every step; a pair `[args, options]` that it returns replaces both. */
  registerStepPreHook(hook: StepPreHook<SGD>): HookHandle {
    return this.#hooksMade().beforeStep.add(hook);
  }

  /** Calls `hook(optimizer, args, options)` after every step that took place. */
  registerStepPostHook(hook: StepPostHook<SGD>): HookHandle {
    return this.#hooksMade().afterStep.add(hook);
  }

  /** Calls `hook(optimizer)` before a state dict is made. */
  registerStateDictPreHook(hook: OptimizerHook<SGD>, options?: HookOptions): HookHandle {
    return this.#hooksMade().beforeSave.add(hook, options);
  }

  /** Calls `hook(optimizer, dict)` with every state dict that is made; what it returns takes the dict's place. */
  registerStateDictPostHook(hook: StateDictHook<SGD>, options?: HookOptions): HookHandle {
    return this.#hooksMade().afterSave.add(hook, options);
  }

  /** Calls `hook(optimizer, dict)` with a shallow copy of every state dict to be loaded; one that it returns is loaded instead. */
  registerLoadStateDictPreHook(hook: StateDictHook<SGD>, options?: HookOptions): HookHandle {
    return this.#hooksMade().beforeLoad.add(hook, options);
  }

  /** Calls `hook(optimizer)` after a state dict was loaded. */
  registerLoadStateDictPostHook(hook: OptimizerHook<SGD>, options?: HookOptions): HookHandle {
    return this.#hooksMade().afterLoad.add(hook, options);
  }

  /**
   * Frees momentum buffers and recorded steps. The parameters stay. Each has room for one buffer: before another optimizer with
   * momentum takes them over, call this, or its first step may make the memory grow, which ends views that you keep.
   */
  dispose(): void {
    this.#tape.clear();
    this.#state.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The groups as text, in the layout of PyTorch's `repr`. */
  toString(): string {
    return formatOptimizer(this.paramGroups);
  }

  #hooksMade(): Hooks<SGD> {
    this.#hooks ??= new Hooks();
    return this.#hooks;
  }

  #stepWith<T>(first?: (() => T) | StepOptions | null, second?: StepOptions | null): T | StepReport | undefined {
    const { closure, options } = stepArguments(first, second);
    if (!this.#hooks) return this.#stepOnce(closure, options, null);
    const given: StepArguments<SGD> = closure ? [this, closure] : [this];
    const called = callStepPreHooks(this.#hooks.beforeStep, this, given, options ?? {});
    const [[, newClosure], newOptions] = called;
    const hasOptions = options !== null || Object.keys(newOptions).length > 0;
    const { closure: checked } = stepArguments(newClosure as (() => T) | undefined, undefined);
    return this.#stepOnce(checked, hasOptions ? newOptions : null, called);
  }

  /** @param called what post-hooks are called with; null without hooks */
  #stepOnce<T>(
    closure: (() => T) | null,
    options: StepOptions | null,
    called: readonly [StepArguments<SGD>, StepOptions] | null,
  ): T | StepReport | undefined {
    const checked = options && checkStepOptions(options, this.defaults.differentiable);
    const result = closure?.();
    refusePromise(result);
    const report = checked && this.#stepReporting(checked);
    if (!checked) this.#update(AS_THEY_ARE);
    if (called && !report?.skipped) for (const { call } of this.#hooks?.afterStep ?? []) call(this, ...called);
    return closure ? result : (report ?? undefined);
  }

  #stepReporting(options: StepOptions): StepReport {
    const report = reportOn(this.#plan.parametersOf(this.paramGroups), options, this.#gradients);
    if (!report.skipped) this.#update(this.#gradients);
    return report;
  }

  #update(gradients: GradientOptions): void {
    update(this.#plan, this.paramGroups, this.#state, gradients, this.defaults.differentiable ? this.#tape : null);
  }
}

/** The gradients of a step without options. */
const AS_THEY_ARE: GradientOptions = { scale: 1, clip: 1, zero: false };
