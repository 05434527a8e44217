// Functions that are called around steps, and around saving and loading: the hooks of PyTorch 2.

import { checkBoolean, checkKeys, isRecord, typeName } from "../common/checks.js";
import type { StateDict } from "../common/tensor-data.js";
import type { StepOptions } from "./step-arguments.js";

/** What a hook's registration gives. */
export interface HookHandle {
  /** Takes the hook back; a second call does nothing. */
  remove(): void;
  [Symbol.dispose](): void;
}

/** Options of the methods that register hooks. */
export interface HookOptions {
  /** call it before those that are registered already; default false */
  prepend?: boolean;
}

/** What a step was called with: the optimizer, and the closure if there is one. */
export type StepArguments<Optimizer> = readonly [optimizer: Optimizer, closure?: () => unknown];

/** Called before a step with its arguments and options; a pair that it returns replaces both. */
export type StepPreHook<Optimizer> = (
  optimizer: Optimizer,
  args: StepArguments<Optimizer>,
  options: StepOptions,
) => readonly [args: StepArguments<Optimizer>, options: StepOptions] | null | undefined | void;
/** Called after a step with its arguments and options. */
export type StepPostHook<Optimizer> = (
  optimizer: Optimizer,
  args: StepArguments<Optimizer>,
  options: StepOptions,
) => unknown;
/** Called before a state dict is made, or after one was loaded. */
export type OptimizerHook<Optimizer> = (optimizer: Optimizer) => unknown;
/** Called with a state dict that was made, or is to be loaded; one that it returns takes its place. */
export type StateDictHook<Optimizer> = (optimizer: Optimizer, dict: StateDict) => StateDict | null | undefined | void;

/** Hooks of one kind, in the order of their calls. */
export class HookList<Hook> {
  #hooks: { readonly call: Hook }[] = [];

  add(hook: Hook, options: HookOptions = {}): HookHandle {
    if (typeof hook !== "function") throw new TypeError(`a hook must be a function, got ${typeName(hook)}`);
    checkKeys(options, ["prepend"], "a hook");
    checkBoolean("prepend", options.prepend);
    const entry = { call: hook };
    this.#hooks = options.prepend ? [entry, ...this.#hooks] : [...this.#hooks, entry];
    const remove = () => {
      this.#hooks = this.#hooks.filter((other) => other !== entry);
    };
    return { remove, [Symbol.dispose]: remove };
  }

  /** Those that are registered now: what hooks register or remove counts from the next time on. */
  [Symbol.iterator](): Iterator<{ readonly call: Hook }> {
    return this.#hooks[Symbol.iterator]();
  }
}

/** The hooks of one optimizer. */
export class Hooks<Optimizer> {
  readonly beforeStep = new HookList<StepPreHook<Optimizer>>();
  readonly afterStep = new HookList<StepPostHook<Optimizer>>();
  readonly beforeSave = new HookList<OptimizerHook<Optimizer>>();
  readonly afterSave = new HookList<StateDictHook<Optimizer>>();
  readonly beforeLoad = new HookList<StateDictHook<Optimizer>>();
  readonly afterLoad = new HookList<OptimizerHook<Optimizer>>();
}

/** What a step is called with after its pre-hooks. @throws Error when one returns something else than a pair */
export function callStepPreHooks<Optimizer>(
  hooks: HookList<StepPreHook<Optimizer>>,
  optimizer: Optimizer,
  args: StepArguments<Optimizer>,
  options: StepOptions,
): readonly [args: StepArguments<Optimizer>, options: StepOptions] {
  let called: readonly [args: StepArguments<Optimizer>, options: StepOptions] = [args, options];
  for (const { call } of hooks) {
    const result = call(optimizer, ...called);
    if (result === undefined || result === null) continue;
    if (!Array.isArray(result) || result.length !== 2 || !Array.isArray(result[0]) || !isRecord(result[1])) {
      throw new Error(`a step pre-hook must return nothing or a pair [args, options], got ${typeName(result)}`);
    }
    called = result as unknown as typeof called;
  }
  return called;
}

/** The dict after all hooks, each of which may put another in its place. */
export function callStateDictHooks<Optimizer>(
  hooks: HookList<StateDictHook<Optimizer>>,
  optimizer: Optimizer,
  dict: StateDict,
): StateDict {
  let current = dict;
  for (const { call } of hooks) current = call(optimizer, current) ?? current;
  return current;
}
