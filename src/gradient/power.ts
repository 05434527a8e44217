// Powers with the same bits on every runtime: Math.pow, Math.exp and Math.log differ between engines, so these are made of
// additions, multiplications and divisions of float64, and of exact powers of two.

/** ln 2 in two parts: the first has 32 bits, so that its products with exponents are exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** x to the power of p, for x from 0 on. The relative error is about 2^-52 times the size of the result's logarithm. */
export function power(x: number, p: number): number {
  if (Number.isNaN(x) || Number.isNaN(p)) return Number.NaN;
  if (x === 0 || x === Number.POSITIVE_INFINITY) return (x === 0) === p > 0 ? 0 : Number.POSITIVE_INFINITY;
  return exponential(p * logarithm(x));
}

/** ln x = e·ln 2 + 2 artanh((m - 1) / (m + 1)) for x = m·2^e with m near 1, the artanh by its power series. */
function logarithm(x: number): number {
  let [fraction, exponent] = split(x);
  if (fraction > Math.SQRT2) {
    fraction /= 2;
    exponent += 1;
  }
  const s = (fraction - 1) / (fraction + 1); // at most 0.172, so that the last term is below 2^-55 of the first
  let series = 0;
  for (let n = 21; n >= 1; n -= 2) series = series * s * s + 1 / n;
  return exponent * LN2_HIGH + (2 * s * series + exponent * LN2_LOW);
}

/** e^y = 2^k·e^r with r = y - k·ln 2, the latter by its power series. */
function exponential(y: number): number {
  if (y > 710) return Number.POSITIVE_INFINITY;
  if (y < -746) return 0;
  const k = Math.round(y / Math.LN2);
  const r = y - k * LN2_HIGH - k * LN2_LOW; // at most 0.347
  let series = 1;
  for (let n = 14; n >= 1; n--) series = 1 + (series * r) / n;
  // In two steps: 2^k alone may be out of range where the result is not.
  const half = Math.trunc(k / 2);
  return series * powerOfTwo(half) * powerOfTwo(k - half);
}

const view = new DataView(new ArrayBuffer(8));

/** x = fraction·2^exponent with a fraction from 1 up to 2, for finite x above 0. */
function split(x: number): [fraction: number, exponent: number] {
  if (x < 2.2250738585072014e-308) {
    const [fraction, exponent] = split(x * 2 ** 54);
    return [fraction, exponent - 54];
  }
  view.setFloat64(0, x);
  const exponent = ((view.getUint16(0) >> 4) & 0x7ff) - 1023;
  return [x / powerOfTwo(exponent), exponent];
}

/** 2^k for k from -1022 to 1023. */
function powerOfTwo(k: number): number {
  view.setFloat64(0, 0);
  view.setUint16(0, (k + 1023) << 4);
  return view.getFloat64(0);
}
