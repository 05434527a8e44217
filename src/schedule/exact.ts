// Cosine, logarithm and power, correctly rounded: the float64 nearest to the true value, the same on every runtime. Math.cos,
// Math.log and Math.pow differ between engines in the last bit, and a schedule carries that bit on.
//
// Numbers here are integers that count units of 2^-256. Each function's own error is below 2^64 of them.

const BITS = 256n;
const ONE = 1n << BITS;
const ERROR_BITS = 64n;
/** π and ln 2 */
const PI = 0x3243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89n;
const LN2 = 0xb17217f7d1cf79abc9e3b39803f2f6af40f343267298b62d8a0d175b8baafa2bn;
/** How often an argument is halved, so that a power series needs few terms. */
const HALVINGS = 8n;

/** cos x, for |x| up to 2^64. */
export function cosine(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  const angle = fixed(Math.abs(x)) % (2n * PI);
  const square = product(angle, angle) >> (2n * HALVINGS);
  let term = ONE;
  let sum = ONE;
  for (let n = 1n; term !== 0n; n += 2n) {
    term = -product(term, square) / (n * (n + 1n));
    sum += term;
  }
  // cos 2a = 2 cos² a - 1
  for (let i = 0n; i < HALVINGS; i++) sum = 2n * product(sum, sum) - ONE;
  return nearest(sum);
}

/** ln x, for finite x above 0. */
export function logarithm(x: number): number {
  return nearest(fixedLogarithm(x));
}

/** x to the power of p, for x from 0 on and finite p up to 2^64. */
export function power(x: number, p: number): number {
  if (p === 0 || x === 1) return 1;
  if (Number.isNaN(x) || Number.isNaN(p)) return Number.NaN;
  if (x === 0 || x === Number.POSITIVE_INFINITY) return (x === 0) === p > 0 ? 0 : Number.POSITIVE_INFINITY;
  const [integer, exponent] = split(p);
  return exponential(shifted(fixedLogarithm(x) * integer, exponent));
}

/** e^y = 2^k·e^r with r = y - k·ln 2, the latter by its power series. */
function exponential(y: bigint): number {
  const k = y / LN2;
  const r = (y - k * LN2) >> HALVINGS;
  let term = ONE;
  let sum = ONE;
  for (let n = 1n; term !== 0n; n++) {
    term = product(term, r) / n;
    sum += term;
  }
  for (let i = 0n; i < HALVINGS; i++) sum = product(sum, sum);
  return nearest(sum, k);
}

/** ln x = e·ln 2 + 2 artanh((m - 1) / (m + 1)) for x = m·2^e with m from 1 up to 2, the artanh by its power series. */
function fixedLogarithm(x: number): bigint {
  const [integer, exponent] = split(x);
  const size = bitLength(integer);
  const m = integer << (BITS + 1n - size);
  const s = ((m - ONE) << BITS) / (m + ONE);
  const square = product(s, s);
  let sum = 0n;
  let odd = s;
  for (let n = 1n; odd !== 0n; n += 2n) {
    sum += odd / n;
    odd = product(odd, square);
  }
  return 2n * sum + (exponent + size - 1n) * LN2;
}

function product(a: bigint, b: bigint): bigint {
  return (a * b) >> BITS;
}

function shifted(n: bigint, by: bigint): bigint {
  return by < 0n ? n >> -by : n << by;
}

function fixed(x: number): bigint {
  const [integer, exponent] = split(x);
  return shifted(integer, BITS + exponent);
}

function bitLength(n: bigint): bigint {
  return BigInt(n.toString(2).length);
}

const view = new DataView(new ArrayBuffer(8));

/** x = integer·2^exponent. */
function split(x: number): [integer: bigint, exponent: bigint] {
  view.setFloat64(0, Math.abs(x));
  const bits = view.getBigUint64(0);
  const exponent = bits >> 52n;
  const integer = exponent === 0n ? bits : bits - ((exponent - 1n) << 52n);
  return [x < 0 ? -integer : integer, (exponent || 1n) - 1075n];
}

/** n·2^(scale - 256) as a float64: to nearest, ties to even. What is closer to a tie than the error of n is taken as one. */
function nearest(n: bigint, scale = 0n): number {
  if (n <= 0n) return n === 0n ? 0 : -nearest(-n, scale);
  const sure = (n + (1n << (ERROR_BITS - 1n))) >> ERROR_BITS;
  const lowest = scale + ERROR_BITS - BITS;
  const top = lowest + bitLength(sure);
  if (top > 1024n) return Number.POSITIVE_INFINITY;
  if (top < -1074n) return 0;
  // 53 bits are kept, fewer where the last of them would lie below 2^-1074.
  const unit = top - 53n < -1074n ? -1074n : top - 53n;
  const dropped = unit - lowest;
  const even = (sure >> dropped) & 1n;
  const integer = (sure + (1n << (dropped - 1n)) - 1n + even) >> dropped;
  // A carry out of 53 bits runs into the exponent, as it should.
  view.setBigUint64(0, ((unit + 1074n) << 52n) + integer);
  return view.getFloat64(0);
}
