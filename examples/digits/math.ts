// exp, log and tanh whose bits are the same in every JavaScript engine. Math.exp, Math.log and Math.tanh are not: the
// language leaves their last bits to the engine. These use only + - * /, which IEEE 754 defines to the last bit, and powers
// of two. Formulas and coefficients are those of fdlibm (Sun Microsystems, 1993: e_exp.c, e_log.c), which names the errors.

const LN2_HIGH = 0.6931471803691238; // its last 32 bits are zero, so k * LN2_HIGH is exact
const LN2_LOW = 1.9082149292705877e-10;

/** Remez coefficients: r (eʳ + 1) / (eʳ - 1) = 2 + EXP[0] r² + EXP[1] r⁴ + …, error below 2^-59 for |r| ≤ ln 2 / 2 */
const EXP = [
  0.16666666666666602, -0.0027777777777015593, 6.613756321437934e-5, -1.6533902205465252e-6, 4.1381367970572385e-8,
];

/** log(1 + f) = 2s + s (LOG[0] s² + LOG[1] s⁴ + …) where s = f / (2 + f), error below 2^-58.45 for √½ ≤ 1 + f ≤ √2 */
const LOG = [
  0.6666666666666735, 0.3999999999940942, 0.2857142874366239, 0.22222198432149784, 0.1818357216161805,
  0.15313837699209373, 0.14798198605116586,
];

/** eˣ, within 1 ulp. */
export function exp(x: number): number {
  if (Number.isNaN(x) || x > 709.782712893384) return x > 0 ? Infinity : NaN;
  if (x < -745.1332191019412) return 0;
  const k = Math.round(x / Math.LN2);
  // 2^k as two factors: alone it may be beyond the normal numbers although the result is not.
  const half = Math.trunc(k / 2);
  return (1 + reducedExpm1(x, k)) * powerOfTwo(half) * powerOfTwo(k - half);
}

/** tanh x, within 2.2 ulp (V8's Math.tanh: 2.1). */
export function tanh(x: number): number {
  const a = Math.abs(x);
  if (a > 22) return Math.sign(x); // closer to 1 than any other double
  if (a >= 1) return Math.sign(x) * (1 - 2 / (exp(2 * a) + 1));
  // 1 - 2 / (…) would cancel for small a; here every part keeps its relative precision. NaN comes out as NaN.
  const e = expm1(2 * a);
  return Math.sign(x) * (e / (e + 2));
}

/** The natural logarithm of a positive normal number, within 1 ulp. */
export function log(x: number): number {
  if (!(x > 0) || x === Infinity) return x === 0 ? -Infinity : x > 0 ? x : NaN;
  let k = exponentOf(x);
  let m = x / powerOfTwo(k);
  if (m > Math.SQRT2) {
    m /= 2;
    k += 1;
  }
  const f = m - 1;
  const s = f / (2 + f);
  const halfSquare = 0.5 * f * f;
  const tail = s * (halfSquare + s * s * polynomial(LOG, s * s)) + k * LN2_LOW;
  return k * LN2_HIGH - (halfSquare - tail - f);
}

/** eˣ - 1 for 0 ≤ x ≤ 2, without the cancellation near 0 */
function expm1(x: number): number {
  const k = Math.round(x / Math.LN2);
  const scale = powerOfTwo(k);
  return scale * reducedExpm1(x, k) + (scale - 1);
}

/** eʳ - 1 for r = x - k ln 2, |r| ≤ ln 2 / 2 */
function reducedExpm1(x: number, k: number): number {
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const c = r - r * r * polynomial(EXP, r * r);
  return high - (low - (r * c) / (2 - c));
}

/** c₀ + c₁ x + c₂ x² + …, by Horner's rule */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i];
  return sum;
}

const bits = new DataView(new ArrayBuffer(8));

/** 2^k, exactly, for the exponents of normal numbers: its bits are the exponent, and `2 ** k` is the engine's business. */
function powerOfTwo(k: number): number {
  bits.setInt32(0, (k + 1023) << 20);
  bits.setInt32(4, 0);
  return bits.getFloat64(0);
}

/** The k of x = m * 2^k, 1 ≤ m < 2, for positive normal x. */
function exponentOf(x: number): number {
  bits.setFloat64(0, x);
  return (bits.getInt32(0) >>> 20) - 1023;
}
