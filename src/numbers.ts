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

/** Refuses what a typed array would turn into NaN or throw on half-way: anything that is not a number. */
export function checkNumbers(values: ArrayLike<unknown>, what: string): void {
  if (ArrayBuffer.isView(values)) {
    if (values.length === 0 || typeof values[0] === "number") return;
    throw new TypeError(`${what} must hold numbers, got a ${values.constructor.name}`);
  }
  for (let i = 0; i < values.length; i++) {
    if (typeof values[i] !== "number") {
      const got = values[i] === null ? "null" : typeof values[i];
      throw new TypeError(`${what} must hold numbers, got ${got} at index ${i}`);
    }
  }
}

/** Refuses gradients in floats of another type than the parameter's. @throws Error */
export function checkElementType(values: ArrayLike<number>, dtype: DType): void {
  const name = values.constructor.name;
  if (ArrayBuffer.isView(values) && name.startsWith("Float") && !(values instanceof ARRAY_TYPE[dtype])) {
    throw new Error(`assigned grad has data of a different type: expected ${ARRAY_TYPE[dtype].name}, got ${name}`);
  }
}
