// A scheduler's state dict: its attributes, named as PyTorch names them.

import { isRecord, tagOf, typeName } from "../common/checks.js";
import { camelCase, snakeCase } from "../common/spelling.js";

/** A scheduler's state as plain data, with PyTorch's keys. */
export type SchedulerState = Record<string, unknown>;

/** What is no state: the optimizer, and whether to print. The others are for their scheduler to write. */
const LEFT_OUT = new Set(["optimizer", "verbose", "lrLambdas", "annealStrategy", "schedulers"]);
/** Functions of PyTorch 1.13, what PyTorch 2 has in their place, and what follows from other keys: schedulers see to them. */
const NOT_TAKEN = new Set(["annealFunc", "_annealFuncType", "_annealStrategy", "_scaleFnRef", "modeWorse"]);

/** A copy of all attributes but functions. */
export function saveAttributes(scheduler: object): SchedulerState {
  const entries = Object.entries(scheduler).filter(
    ([name, value]) => !LEFT_OUT.has(name) && value !== undefined && typeof value !== "function",
  );
  return Object.fromEntries(entries.map(([name, value]) => [toKey(name), structuredClone(value)]));
}

/**
 * A copy of the dict's entries, by attribute. Keys that the scheduler does not have are taken too.
 *
 * @throws TypeError for a value of another kind than the attribute has
 */
export function checkAttributes(scheduler: object, dict: unknown): Record<string, unknown> {
  if (!isRecord(dict)) throw new TypeError(`a scheduler's state dict must be an object, got ${typeName(dict)}`);
  const prototype = Object.getPrototypeOf(scheduler);
  const present = scheduler as Record<string, unknown>;
  const loaded: Record<string, unknown> = {};
  for (const [key, saved] of Object.entries(dict)) {
    const name = toName(key);
    if (name in prototype || key in prototype) throw new TypeError(`a scheduler's state has no key '${key}'`);
    const expected = kindOf(present[name]);
    if (LEFT_OUT.has(name) || NOT_TAKEN.has(name) || expected === "function") continue;
    const value = Array.isArray(saved) ? saved.map(withoutTensor) : saved;
    if (present[name] != null && kindOf(value) !== expected) {
      throw new TypeError(`'${key}' of a scheduler's state dict must be a ${expected}, got ${kindOf(value)}`);
    }
    loaded[name] = structuredClone(value);
  }
  return loaded;
}

/** A learning rate is a tensor in PyTorch 2 where that of the optimizer was one: of one float32, or float64. */
function withoutTensor(value: unknown): unknown {
  const { data } = Object(value) as { data?: Float64Array };
  return data?.length === 1 && /^Float(32|64)Array$/.test(tagOf(data)) ? data[0] : value;
}

function kindOf(value: unknown): string {
  if (!Array.isArray(value)) return value === null ? "null" : typeof value;
  return value.every((item) => typeof item === "number") ? "list of numbers" : "list";
}

/** `tMax` to `T_max`, `t0` to `T_0`, `_stepCount` to `_step_count`. */
function toKey(name: string): string {
  return snakeCase(name).replace(/^t(_|(?=\d))/, "T_");
}

/** `T_max` to `tMax`, `_step_count` to `_stepCount`. */
export function toName(key: string): string {
  return camelCase(key.replace(/^T_/, "t_"));
}
