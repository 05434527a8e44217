// What `engine.parameter` is given: the checks of it.

import {
  checkInteger,
  checkKeys,
  checkNumbers,
  checkOneOf,
  type NumberArray,
  tagOf,
  typeName,
} from "./common/checks.js";
import { DTYPES, type DType, isHalf } from "./common/dtype.js";
import { sizeOf } from "./common/elements.js";
import { ADDRESS_SPACE } from "./memory/allocator.js";

/** Options of `engine.parameter`. */
export interface ParameterOptions {
  /** element type; default `"float32"` */
  dtype?: DType;
  /** `size` initial values in row-major order, copied in; zeros when absent */
  data?: ArrayLike<number>;
  /** carried into `stateDict()`, where parameters can be matched by it */
  name?: string;
  /** only with a memory of yours: byte address of elements that already live there; they are used in place */
  address?: number;
  /** only with a memory of yours: byte address of the gradient, which its owner writes; `grad` is there from the start */
  gradAddress?: number;
}

const PARAMETER_OPTIONS = ["dtype", "data", "name", "address", "gradAddress"];

const NOT_VALUES = ": engine.parameter(shape, { data }) takes the values as data";

/** @throws TypeError for an option that is unknown or of another type */
export function checkOptions(options: ParameterOptions): ParameterOptions {
  checkKeys(options, PARAMETER_OPTIONS, "a parameter");
  const { dtype, name } = options;
  if (dtype !== undefined) checkOneOf("dtype", dtype, DTYPES);
  if (name !== undefined && typeof name !== "string") {
    throw new TypeError(`the name of a parameter must be a string, got ${typeName(name)}`);
  }
  return options;
}

/**
 * @returns what `checkNumbers` does
 * @throws TypeError for anything but an array of numbers, RangeError for one of another length
 */
export function checkData(data: ArrayLike<number>, dtype: DType, size: number): NumberArray {
  const numbers = checkNumbers(data, "data");
  if (isHalf(dtype) && tagOf(data) === "Uint16Array") {
    throw new TypeError(
      "data of a 16-bit parameter is numbers, a Uint16Array may be bit patterns: copy those in with parameter.data.set(bits)",
    );
  }
  if (numbers.length === size) return numbers;
  throw new RangeError(`data has ${numbers.length} elements, but the shape has ${size}`);
}

/** A shape as a list of dimensions. */
export function dimensionsOf(shape: number | readonly number[]): number[] {
  if (typeof shape === "object" && !Array.isArray(shape)) {
    throw new TypeError(`a shape is an integer or an array of them, got ${typeName(shape)}${NOT_VALUES}`);
  }
  const dimensions: number[] = Array.isArray(shape) ? [...shape] : [shape as number];
  for (const n of dimensions) checkInteger("a dimension", n, ADDRESS_SPACE, 1, NOT_VALUES);
  return dimensions.map(Math.abs); // -0 is 0
}

/** The number of elements, checked. */
export function checkedSize(shape: readonly number[], elementBytes: number): number {
  const size = sizeOf(shape);
  checkInteger("the size in bytes", size * elementBytes, ADDRESS_SPACE);
  return size;
}
