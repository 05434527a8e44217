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

/** Whether a value is an object of options or of entries, and not an array or one of the built-in containers. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && tagOf(value) === "Object";
}

/** Refuses what is no object, and keys other than `known`. */
export function checkKeys(options: object, known: readonly string[], who: string): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options of ${who} must be an object, got ${typeName(options)}`);
  }
  for (const key in options) {
    if (Object.hasOwn(options, key) && !known.includes(key))
      throw new TypeError(`${who} has no option '${key}': it knows ${known.join(", ")}`);
  }
}

/** Refuses what is no integer from 0 to `most`, or no multiple of `step`; `hint` ends the message. */
export function checkInteger(what: string, value: number, most: number, step = 1, hint = ""): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= most && value % step === 0)) {
    const kind = step > 1 ? `a multiple of ${step}` : "an integer";
    throw new RangeError(
      `${what} must be ${kind} from 0 to ${most}, got ${typeof value === "number" ? value : typeName(value)}${hint}`,
    );
  }
}

/** Refuses what is no array, and what a typed array would turn into NaN or throw on half-way: anything but numbers. */
export function checkNumbers(values: ArrayLike<unknown>, what: string): void {
  const length = typeof values === "object" ? values?.length : undefined;
  // The first element of a typed array tells for all.
  const count = ArrayBuffer.isView(values) ? Math.min(length as number, 1) : length;
  let i = 0;
  while (i < (count as number) && typeof values[i] === "number") i++;
  if (i === count) return;
  const got = i < (count as number) ? `${typeName(values[i])} at index ${i}` : typeName(values);
  throw new TypeError(`${what} must be an array of numbers, got ${got}`);
}
