// Checks of what comes from outside: options, numbers, and arrays of them. None asks which realm a value is of: an array of an
// iframe is an array.

/** An array of numbers, or a typed array that holds them. */
export type NumberArray =
  | readonly number[]
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** What the language calls a built-in object, whatever realm it is of: "Float32Array", "Map", "Object". */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** How messages call what came instead of what was expected: by its type, or an object by its class. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  const tag = tagOf(value);
  if (tag !== "Object") return tag;
  const name = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === "string" && name !== "" && name !== "Object" ? name : "object";
}

/** Whether a value is an object of options or of entries, a module's exports included, and no array or other built-in container. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const tag = tagOf(value);
  return tag === "Object" || tag === "Module";
}

/** Refuses anything but an object of options, and keys other than `known`. */
export function checkKeys(options: object, known: readonly string[], who: string): void {
  if (!isRecord(options)) throw new TypeError(`options of ${who} must be an object, got ${typeName(options)}`);
  for (const key in options) {
    if (Object.hasOwn(options, key) && !known.includes(key))
      throw new TypeError(`${who} has no option '${key}': it knows ${known.join(", ")}`);
  }
}

/** What came, in messages: a string in quotes, a number, or the type of anything else. */
export function gotOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "number" ? String(value) : typeName(value);
}

/** @throws TypeError for anything but a number */
export function checkNumber(what: string, value: unknown): number {
  if (typeof value === "number") return value;
  throw new TypeError(`${what} must be a number, got ${typeName(value)}`);
}

/** @throws TypeError for anything but one of the strings */
export function checkOneOf(what: string, value: unknown, allowed: readonly string[]): void {
  if (allowed.includes(value as string)) return;
  const list = allowed
    .map(gotOf)
    .join(", ")
    .replace(/, (?=[^,]*$)/, " or ");
  throw new TypeError(`${what} must be ${list}, got ${gotOf(value)}`);
}

/** Refuses what is neither a boolean nor left out. */
export function checkBoolean(name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(`${name} must be true or false, got ${typeName(value)}`);
}

/** Refuses anything but an integer from 0 to `most` that is a multiple of `step`; `hint` ends the message. */
export function checkInteger(what: string, value: number, most: number, step = 1, hint = ""): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= most && value % step === 0)) {
    const kind = step > 1 ? `a multiple of ${step}` : "an integer";
    throw new RangeError(`${what} must be ${kind} from 0 to ${most}, got ${gotOf(value)}${hint}`);
  }
}

/** Refuses anything but an integer from 1 to `most`. */
export function checkCount(what: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new RangeError(`${what} must be an integer from 1 to ${most}, got ${gotOf(value)}`);
}

/** Whether a value is a typed array of numbers, not of BigInts. */
function isNumberView(values: unknown): values is NumberArray {
  return ArrayBuffer.isView(values) && /^(Float|Int|Uint)/.test(tagOf(values));
}

/**
 * Refuses anything but an array of numbers: a typed array turns other elements into NaN, or throws on them half-way.
 *
 * @returns the array if it is a typed one, else a copy, since reading an element of the caller's again may give something else
 */
export function checkNumbers(values: ArrayLike<unknown>, what: string): NumberArray {
  if (isNumberView(values)) return values;
  const length = typeof values === "object" && !ArrayBuffer.isView(values) ? values?.length : undefined;
  const numbers: number[] = [];
  while (numbers.length < (length as number)) {
    const value = values[numbers.length];
    if (typeof value !== "number") {
      throw new TypeError(`${what} must be an array of numbers, got ${typeName(value)} at index ${numbers.length}`);
    }
    numbers.push(value);
  }
  if (numbers.length === length) return numbers;
  throw new TypeError(`${what} must be an array of numbers, got ${typeName(values)}`);
}
