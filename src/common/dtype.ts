// Element types: their names, sizes and arrays.

/** The element types of parameters. */
export type DType = "float32" | "float64";

export type FloatArray = Float32Array | Float64Array;
/** The array that holds elements of a dtype. */
export type FloatArrayOf<D extends DType> = D extends "float32" ? Float32Array : Float64Array;

export const ELEMENT_BYTES = { float32: 4, float64: 8 } as const;
export const ARRAY_TYPE = { float32: Float32Array, float64: Float64Array } as const;

/** A number rounded to a dtype. */
export const ROUND: Readonly<Record<DType, (x: number) => number>> = { float32: Math.fround, float64: Number };
