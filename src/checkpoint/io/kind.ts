// What a value is, whichever realm it comes from: one of an iframe or of another `vm` context is no `instanceof` the classes
// here.

import { tagOf } from "../../common/checks.js";

export function isMap(value: unknown): value is Map<unknown, unknown> {
  return tagOf(value) === "Map";
}

export function isSet(value: unknown): value is Set<unknown> {
  return tagOf(value) === "Set";
}

export function isBytes(value: unknown): value is Uint8Array {
  return tagOf(value) === "Uint8Array";
}

/** Whether an object is made of its own properties alone: no class instance, no array, nothing with a meaning of its own. */
export function isPlainObject(object: object): boolean {
  if (Array.isArray(object)) return false;
  const prototype: unknown = Object.getPrototypeOf(object);
  // Plain objects of another realm have another Object.prototype, above which there is nothing either.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether an object may hold this key: names that look like natural numbers come first in objects, whatever their order. */
export function isNameInOrder(key: unknown): key is string {
  return typeof key === "string" && !/^(0|[1-9]\d*)$/.test(key);
}

/** An object without a prototype, or a `Map` where an object could not keep the order of the keys, or their types. */
export function objectOrMap<T>(entries: ReadonlyMap<unknown, T>): Record<string, T> | Map<unknown, T> {
  if (![...entries.keys()].every(isNameInOrder)) return new Map(entries);
  // Without a prototype no key of a file means anything but itself.
  const object = Object.create(null) as Record<string, T>;
  for (const [key, value] of entries) object[key as string] = value;
  return object;
}
