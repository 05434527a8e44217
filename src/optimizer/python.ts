// The words of Python in PyTorch's messages.

/** What Python calls the type of a value like this one. */
export function pythonType(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return "list";
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? "dict" : (value.constructor?.name ?? typeof value);
}

/** An iterable as a list. A dict iterates over its keys. */
export function toList(value: unknown): unknown[] {
  if (typeof value === "string" || isIterable(value)) return [...value];
  if (pythonType(value) === "dict") return Object.keys(value as object);
  throw new TypeError(`'${pythonType(value)}' object is not iterable`);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}
