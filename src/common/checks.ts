// Checks of what comes from outside: options, numbers, and arrays of them.

import type { DType } from "./dtype.js";
import { ARRAY_TYPE } from "./dtype.js";

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

/** How messages call what came instead of what was expected. */
export function typeName(value: unknown): string {
  return value === null ? "null" : typeof value;
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

/** Refuses what is no integer from 0 to `most`, or no multiple of `step`. */
export function checkInteger(what: string, value: number, most: number, step = 1): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= most && value % step === 0)) {
    const kind = step > 1 ? `a multiple of ${step}` : "an integer";
    throw new RangeError(
      `${what} must be ${kind} from 0 to ${most}, got ${typeof value === "number" ? value : typeName(value)}`,
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

/** Refuses gradients in floats of another type than the parameter's. @throws Error */
export function checkElementType(values: ArrayLike<number>, dtype: DType): void {
  const name = values.constructor.name;
  if (ArrayBuffer.isView(values) && name.startsWith("Float") && !(values instanceof ARRAY_TYPE[dtype])) {
    throw new Error(`assigned grad has data of a different type: expected ${ARRAY_TYPE[dtype].name}, got ${name}`);
  }
}
