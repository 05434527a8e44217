// A scheduler's state dict: its attributes, named as PyTorch names them.

import { camelCase, snakeCase } from "../common/spelling.js";

/** A scheduler's state as plain data, with PyTorch's keys. */
export type SchedulerState = Record<string, unknown>;

/** What is no state: the optimizer, and whether to print. What functions keep is for their scheduler to write. */
const LEFT_OUT = new Set(["optimizer", "verbose", "lrLambdas", "annealStrategy"]);
/** Functions of PyTorch 1.13 and what PyTorch 2 has in their place: schedulers read them themselves, as far as they need to. */
const FUNCTIONS = new Set(["annealFunc", "_annealFuncType", "_annealStrategy", "_scaleFnRef"]);

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
  if (typeof dict !== "object" || dict === null || Array.isArray(dict)) {
    throw new TypeError(`a scheduler's state dict must be an object, got ${kindOf(dict)}`);
  }
  const prototype = Object.getPrototypeOf(scheduler);
  const present = scheduler as Record<string, unknown>;
  const loaded: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(dict)) {
    const name = toName(key);
    if (name in prototype || key in prototype) throw new TypeError(`a scheduler's state has no key '${key}'`);
    const expected = kindOf(present[name]);
    if (LEFT_OUT.has(name) || FUNCTIONS.has(name) || expected === "function") continue;
    if (present[name] != null && kindOf(value) !== expected) {
      throw new TypeError(`'${key}' of a scheduler's state dict must be a ${expected}, got ${kindOf(value)}`);
    }
    loaded[name] = structuredClone(value);
  }
  return loaded;
}

function kindOf(value: unknown): string {
  if (!Array.isArray(value)) return value === null ? "null" : typeof value;
  return value.every((item) => typeof item === "number") ? "list of numbers" : "list";
}

/** `tMax` to `T_max`, `_stepCount` to `_step_count`. */
function toKey(name: string): string {
  const [, T] = /^t([A-Z\d].*)$/.exec(name) ?? [];
  return T === undefined ? snakeCase(name) : `T_${T.toLowerCase()}`;
}

/** `T_max` to `tMax`, `_step_count` to `_stepCount`. */
export function toName(key: string): string {
  return camelCase(key.replace(/^T_/, "t_"));
}
