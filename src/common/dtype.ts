// Element types: their names, sizes, arrays and roundings.

import { bfloat16Bits, float16Bits, widenBfloat16, widenFloat16 } from "./half.js";

/** The element types of parameters. */
export type DType = "float32" | "float64" | "float16" | "bfloat16";

/** What elements are kept in: the 16-bit floats, which not every runtime has arrays of, as their bit patterns. */
export type ElementArray = Float32Array | Float64Array | Uint16Array;
/** The array that holds elements of a dtype. */
export type ElementArrayOf<D extends DType> = D extends "float32"
  ? Float32Array
  : D extends "float64"
    ? Float64Array
    : Uint16Array;
/** Numbers that elements stand for. */
export type FloatArray = Float32Array | Float64Array;

export const ELEMENT_BYTES: Readonly<Record<DType, number>> = { float32: 4, float64: 8, float16: 2, bfloat16: 2 };
export const DTYPES = /* @__PURE__ */ Object.keys(ELEMENT_BYTES) as DType[];
export const ARRAY_TYPE = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
} as const;
/** What a number is rounded to in arithmetic with elements of a dtype; with 16-bit ones that is float32. */
export const ROUND: Readonly<Record<DType, (x: number) => number>> = {
  float32: Math.fround,
  float64: Number,
  float16: Math.fround,
  bfloat16: Math.fround,
};

const HALVES = {
  float16: { widen: widenFloat16, bits: float16Bits },
  bfloat16: { widen: widenBfloat16, bits: bfloat16Bits },
};

export function isDType(value: unknown): value is DType {
  return DTYPES.includes(value as DType);
}

/** Whether elements are bit patterns. */
export function isHalf(dtype: DType): dtype is "float16" | "bfloat16" {
  return dtype in HALVES;
}

/** Elements as numbers: the array itself, or a copy of what bit patterns stand for. */
export function toNumbers(elements: ElementArray, dtype: DType): FloatArray {
  return isHalf(dtype) ? HALVES[dtype].widen(elements as Uint16Array) : (elements as FloatArray);
}

/** Writes numbers into an array of elements, each rounded once. */
export function writeNumbers(to: ElementArray, dtype: DType, numbers: ArrayLike<number>): void {
  if (!isHalf(dtype)) {
    to.set(numbers);
    return;
  }
  const { bits } = HALVES[dtype];
  for (let i = 0; i < numbers.length; i++) to[i] = bits(numbers[i]);
}

/** The rounding of arithmetic with elements of several types: that of the widest, to which PyTorch promotes. */
export function commonRounding(arrays: readonly { dtype: DType }[]): (x: number) => number {
  return arrays.some(({ dtype }) => dtype === "float64") ? ROUND.float64 : ROUND.float32;
}

const LARGEST_FLOAT32 = 3.4028234663852886e38;

/** PyTorch's message about a number that `overflowsFloat32`. */
export const FLOAT32_OVERFLOW = "value cannot be converted to type float without overflow";

/** Whether PyTorch refuses a number as an operand of float32 arithmetic. */
export function overflowsFloat32(value: number): boolean {
  return Number.isFinite(value) && Math.abs(value) > LARGEST_FLOAT32;
}
