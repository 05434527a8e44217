// Elements that come from outside: numbers, bit patterns, tensors.

import { checkNumbers, isRecord, type NumberArray, tagOf, typeName } from "./checks.js";
import { ARRAY_TYPE, type DType, type ElementArray, isDType, isHalf, toNumbers, writeNumbers } from "./dtype.js";
import type { TensorData } from "./tensor-data.js";

/**
 * Refuses anything but an array of numbers. A `Uint16Array` holds bit patterns if elements have 16 bits; elsewhere it is refused,
 * because it could hold either.
 *
 * @returns what `checkNumbers` does
 */
export function checkElements(values: ArrayLike<number>, dtype: DType, what: string): NumberArray {
  const numbers = checkNumbers(values, what);
  if (isHalf(dtype) || tagOf(numbers) !== "Uint16Array") return numbers;
  throw new TypeError(
    `${what} cannot be a Uint16Array, which may hold half precision: pass { dtype: "float16" or "bfloat16", shape, data } ` +
      `for bit patterns, Array.from(${what}) for integers`,
  );
}

/** Refuses floats of another type than the parameter's. @throws Error */
export function checkFloatType(values: ArrayLike<number>, dtype: DType): void {
  const tag = tagOf(values);
  const expected = isHalf(dtype) ? "Float32Array" : ARRAY_TYPE[dtype].name;
  const isOwn = tag === expected || (tag === "Float16Array" && dtype === "float16");
  if (!tag.startsWith("Float") || isOwn) return;
  const convert = isHalf(dtype) ? "Array" : expected;
  throw new Error(
    `assigned grad has data of a different type: expected ${expected}, got ${tag}: convert it with ${convert}.from(grad)`,
  );
}

/** Writes checked elements: bit patterns as they are, numbers rounded. */
export function writeElements(to: ElementArray, dtype: DType, values: ArrayLike<number>): void {
  if (isHalf(dtype) && tagOf(values) === "Uint16Array") to.set(values);
  else writeNumbers(to, dtype, values);
}

/** Whether a value is meant to be a tensor. */
export function isTensor(value: unknown): value is TensorData {
  return isRecord(value) && "dtype" in value && "data" in value;
}

/** @throws TypeError for anything but a tensor of floats, Error for one of another shape */
export function checkTensor(tensor: unknown, shape: readonly number[], what: string, whose: string): TensorData {
  if (!isRecord(tensor)) throw new TypeError(`${what} must be an object, got ${typeName(tensor)}`);
  const { dtype, shape: given, data } = tensor as Partial<TensorData>;
  if (!isDType(dtype) || tagOf(data) !== ARRAY_TYPE[dtype].name) {
    const json = isRecord(data) ? "; JSON has no typed arrays: keep tensors with encodeTorch or structuredClone" : "";
    throw new TypeError(
      `${what} must be float32, float64, float16 or bfloat16 in its typed array, got ${String(dtype)} in ${typeName(data)}${json}`,
    );
  }
  const values = data as ElementArray;
  if (!Array.isArray(given) || !isSameShape(shape, given) || values.length !== sizeOf(shape)) {
    const dimensions = Array.isArray(given) ? given.map(String) : typeName(given);
    throw new Error(
      `${what} has data of a different size: ${values.length} elements of shape [${dimensions}], but belongs to ${whose}`,
    );
  }
  return tensor as unknown as TensorData;
}

/** @param given from outside: it may have holes */
export function isSameShape(shape: readonly number[], given: readonly unknown[]): boolean {
  return given.length === shape.length && shape.every((n, i) => n === given[i]);
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Writes a tensor's elements: those of the same type as they are, others exactly or rounded once. */
export function writeTensor(to: ElementArray, dtype: DType, tensor: TensorData): void {
  if (tensor.dtype === dtype) to.set(tensor.data);
  else writeNumbers(to, dtype, toNumbers(tensor.data, tensor.dtype));
}
