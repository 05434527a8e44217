// 16-bit floats as numbers and as bits: rounding to nearest, ties to even, written for reading.

export type HalfType = "float16" | "bfloat16";

interface Format {
  /** bits of the fraction */
  fraction: number;
  /** every number is a multiple of 2^lowest */
  lowest: number;
  largest: number;
  /** a NaN, quiet and without sign */
  nan: number;
}

const FORMAT: Record<HalfType, Format> = {
  float16: { fraction: 10, lowest: -24, largest: 65504, nan: 0x7e00 },
  bfloat16: { fraction: 7, lowest: -133, largest: 3.3895313892515355e38, nan: 0x7fc0 },
};

/** The exponent of a positive number. */
function exponentOf(x: number): number {
  let exponent = Math.floor(Math.log2(x));
  while (2 ** exponent > x) exponent--;
  while (2 ** (exponent + 1) <= x) exponent++;
  return exponent;
}

/** A number rounded to float32, then to the type. */
export function roundHalf(x: number, dtype: HalfType): number {
  const { fraction, lowest, largest } = FORMAT[dtype];
  const single = Math.fround(x);
  if (!Number.isFinite(single) || single === 0) return single;
  const unit = 2 ** Math.max(exponentOf(Math.abs(single)) - fraction, lowest);
  const quotient = Math.abs(single) / unit;
  const floor = Math.floor(quotient);
  const rest = quotient - floor;
  const size = (floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0)) * unit;
  const rounded = size > largest ? Number.POSITIVE_INFINITY : size;
  return single < 0 ? -rounded : rounded;
}

/** The bits of a number that is one of the type. */
export function halfBits(x: number, dtype: HalfType): number {
  const { fraction, lowest, nan } = FORMAT[dtype];
  if (Number.isNaN(x)) return nan;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  const ones = 0x8000 - 2 ** fraction; // the exponent of infinity
  if (size === Number.POSITIVE_INFINITY) return sign | ones;
  // Numbers count up through subnormal and normal ones alike.
  const smallest = lowest + fraction;
  if (size < 2 ** smallest) return sign | (size / 2 ** lowest);
  const exponent = exponentOf(size);
  return sign | ((exponent - smallest + 1) * 2 ** fraction + (size / 2 ** exponent - 1) * 2 ** fraction);
}

/** Numbers rounded to the type, as bits. */
export function toHalves(numbers: ArrayLike<number>, dtype: HalfType): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(numbers, (x) => halfBits(roundHalf(x, dtype), dtype));
}

/** The number that bits stand for. */
export function fromHalf(bits: number, dtype: HalfType): number {
  const { fraction, lowest } = FORMAT[dtype];
  const field = (bits & 0x7fff) >> fraction;
  const part = bits & (2 ** fraction - 1);
  const sign = bits & 0x8000 ? -1 : 1;
  if (field === 0x7fff >> fraction) return part === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (field === 0 ? part : part + 2 ** fraction) * 2 ** (lowest + Math.max(field, 1) - 1);
}
