// Values as Python sees them, and what it says of them in PyTorch's messages.

const NAMES: Readonly<Record<string, string>> = { __proto__: null as never, String: "str", Boolean: "bool" };

/** What Python calls the type of a value like this one. */
export function pythonType(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (Array.isArray(value)) return "list";
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return "dict";
  const name = prototype.constructor?.name;
  return NAMES[name] ?? name ?? "object";
}

/** Whether a value counts as a number: booleans do, as 0 and 1. */
export function isNumber(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean";
}

/** `dict[key]`. */
export function item(dict: unknown, key: string): unknown {
  if (typeof dict !== "object" || dict === null) {
    throw new TypeError(`'${pythonType(dict)}' object is not subscriptable`);
  }
  if (!(key in dict)) throw new Error(`'${key}'`);
  return (dict as Record<string, unknown>)[key];
}

/** `list(iterable)`: a dict iterates over its keys. */
export function toList(iterable: unknown): unknown[] {
  if ((iterable as Iterable<unknown>)?.[Symbol.iterator]) return [...(iterable as Iterable<unknown>)];
  if (pythonType(iterable) === "dict") return Object.keys(iterable as object);
  throw new TypeError(`'${pythonType(iterable)}' object is not iterable`);
}
