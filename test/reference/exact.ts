// x·k + z rounded once, by exact arithmetic on integers: written for reading, and independent of the kernel.

export type DType = "float32" | "float64";

interface Format {
  /** bits of a significand */
  precision: number;
  /** the exponent of the smallest number: every number is a multiple of 2^lowest */
  lowest: number;
  /** numbers are below 2^limit */
  limit: number;
}

const FORMAT: Record<DType, Format> = {
  float32: { precision: 24, lowest: -149, limit: 128 },
  float64: { precision: 53, lowest: -1074, limit: 1024 },
};

/** value = integer·2^exponent */
interface Exact {
  integer: bigint;
  exponent: number;
}

const double = new Float64Array(1);
const bits = new BigUint64Array(double.buffer);

/** A finite number as an integer times a power of two. */
function exact(x: number): Exact {
  double[0] = x;
  const field = Number((bits[0] >> 52n) & 0x7ffn);
  const fraction = bits[0] & 0xfffffffffffffn;
  const size = field === 0 ? fraction : fraction | 0x10000000000000n;
  return { integer: x < 0 ? -size : size, exponent: Math.max(field, 1) - 1075 };
}

function bitLength(n: bigint): number {
  const hex = n.toString(16);
  return 4 * hex.length - Math.clz32(Number.parseInt(hex[0], 16)) + 28;
}

/** 2^exponent, for exponents from -1074 to 1023. */
function powerOfTwo(exponent: number): number {
  bits[0] = exponent < -1022 ? 1n << BigInt(exponent + 1074) : BigInt(exponent + 1023) << 52n;
  return double[0];
}

/** The nearest number of a format, ties to even. */
function round({ integer, exponent }: Exact, { precision, lowest, limit }: Format): number {
  const size = integer < 0n ? -integer : integer;
  const unit = Math.max(exponent + bitLength(size) - precision, lowest); // the exponent of the result's last bit
  const shift = unit - exponent;
  let kept = size;
  if (shift > 0) {
    const by = BigInt(shift);
    kept = size >> by;
    const rest = size - (kept << by);
    const half = 1n << (by - 1n);
    if (rest > half || (rest === half && (kept & 1n) === 1n)) kept += 1n;
  }
  const scale = shift > 0 ? unit : exponent;
  if (kept > 0n && bitLength(kept) + scale > limit) return integer < 0n ? -Infinity : Infinity;
  const magnitude = Number(kept) * powerOfTwo(scale);
  return integer < 0n ? -magnitude : magnitude;
}

/** x·k + z with one rounding; x, k and z are numbers of the format. */
export function fusedMultiplyAdd(x: number, k: number, z: number, dtype: DType): number {
  if (!Number.isFinite(x) || !Number.isFinite(k)) return x * k + z;
  if (!Number.isFinite(z)) return z;
  const a = exact(x);
  const b = exact(k);
  const c = exact(z);
  const product = { integer: a.integer * b.integer, exponent: a.exponent + b.exponent };
  const exponent = Math.min(product.exponent, c.exponent);
  const sum = (product.integer << BigInt(product.exponent - exponent)) + (c.integer << BigInt(c.exponent - exponent));
  // The signs of zeros are those of IEEE 754, which a plain sum of zeros has as well.
  if (sum === 0n) return product.integer === 0n ? x * k + z : 0;
  return round({ integer: sum, exponent }, FORMAT[dtype]);
}

/** x·k + z, rounded after the multiplication and after the addition. */
export function separateMultiplyAdd(x: number, k: number, z: number, dtype: DType): number {
  // The product of two float32 is exact in float64, and rounding their sum through float64 is innocuous.
  return dtype === "float32" ? Math.fround(Math.fround(x * k) + z) : x * k + z;
}
