// The state of an optimizer, whose keys are integers in Python: numbers of parameters, or ids of Python 2. In JavaScript it is
// an object all the same: nothing depends on the order of its keys.

import { isMap, isNameInOrder } from "../io/kind.js";

/** What the groups of a state dict call parameters, where `groups` beside `state` make one; null otherwise. */
export function parametersOf(state: unknown, groups: unknown): ReadonlySet<unknown> | null {
  if (typeof state !== "object" || state === null || !Array.isArray(groups)) return null;
  const params = groups.map((group: { params?: unknown } | null) => group?.params);
  return params.every(Array.isArray) ? new Set(params.flat()) : null;
}

/** Whether a key of an object of state is an integer in Python: unless a group calls a parameter by that text. */
export function isIntegerKey(key: string, params: ReadonlySet<unknown>): boolean {
  return !isNameInOrder(key) && !params.has(key);
}

/** The entries of a dict; `state` becomes an object where the dict is one of an optimizer, and no key is lost by that. */
export function stateAsObject(entries: Map<unknown, unknown>): Map<unknown, unknown> {
  const state = entries.get("state");
  const params = parametersOf(state, entries.get("param_groups"));
  if (params === null || !isMap(state)) return entries;
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of state) {
    const isInteger = typeof key === "number" || typeof key === "bigint";
    if (isInteger !== isIntegerKey(String(key), params) || (!isInteger && typeof key !== "string")) return entries;
    object[String(key)] = value;
  }
  return entries.set("state", object);
}
