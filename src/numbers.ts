// Checks of arrays of numbers that come from outside.

import type { DType } from "./kernel/variants.js";
import { ARRAY_TYPE } from "./memory/region.js";

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

/** Refuses what is no array, and what a typed array would turn into NaN or throw on half-way: anything but numbers. */
export function checkNumbers(values: ArrayLike<unknown>, what: string): void {
  const refuse = (got: unknown, where = "") => {
    throw new TypeError(`${what} must be an array of numbers, got ${typeName(got)}${where}`);
  };
  if (typeof values?.length !== "number") refuse(values);
  const isTyped = ArrayBuffer.isView(values);
  for (let i = 0; i < values.length; i++) {
    if (typeof values[i] !== "number") refuse(values[i], ` at index ${i}`);
    // The first of its elements tells for all.
    if (isTyped) return;
  }
}

/** Refuses gradients in floats of another type than the parameter's. @throws Error */
export function checkElementType(values: ArrayLike<number>, dtype: DType): void {
  const name = values.constructor.name;
  if (name.startsWith("Float") && !(values instanceof ARRAY_TYPE[dtype])) {
    throw new Error(`assigned grad has data of a different type: expected ${ARRAY_TYPE[dtype].name}, got ${name}`);
  }
}
