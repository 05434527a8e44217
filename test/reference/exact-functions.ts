// Whether a float64 is the one nearest to cos x, ln x or x^p: by integers with many more digits, in the plainest way.

const BITS = 640n;
const ONE = 1n << BITS;

/** π by Machin's formula, in units of 2^-640. */
const PI = machin(BITS + 64n) >> 64n;

function machin(bits: bigint): bigint {
  const arctangent = (n: bigint) => {
    let power = (1n << bits) / n;
    let sum = 0n;
    for (let k = 1n; power !== 0n; k += 2n) {
      sum += (k % 4n === 1n ? power : -power) / k;
      power /= n * n;
    }
    return sum;
  };
  return 16n * arctangent(5n) - 4n * arctangent(239n);
}

const view = new DataView(new ArrayBuffer(8));

/** A finite float64 in units of 2^-1080, of which every one is a multiple. */
function units(x: number): bigint {
  view.setFloat64(0, Math.abs(x));
  const bits = view.getBigUint64(0);
  const exponent = bits >> 52n;
  const fraction = bits & 0xfffffffffffffn;
  const size = exponent === 0n ? fraction << 6n : (fraction | 0x10000000000000n) << (exponent + 5n);
  return x < 0 ? -size : size;
}

/** The float64 next to x, away from 0 or towards it. */
function neighbour(x: number, step: 1n | -1n): number {
  view.setFloat64(0, x);
  view.setBigUint64(0, view.getBigUint64(0) + step);
  return view.getFloat64(0);
}

const toFixed = (x: number) => units(x) >> (1080n - BITS);
/** Halfway between x and its neighbour, in units of 2^-1081. */
const middle = (x: number, step: 1n | -1n) => units(x) + units(neighbour(x, step));
const abs = (n: bigint) => (n < 0n ? -n : n);

export function isNearestCosine(x: number, y: number): boolean {
  const angle = toFixed(x) % (2n * PI);
  let term = ONE;
  let sum = ONE;
  for (let n = 1n; term !== 0n; n += 2n) {
    term = (-term * angle * angle) / (n * (n + 1n) * ONE * ONE);
    sum += term;
  }
  const value = abs(sum) << (1081n - BITS);
  return sum < 0n === y < 0 && middle(Math.abs(y), -1n) <= value && value <= middle(Math.abs(y), 1n);
}

/** e^y for y in units of 2^-640. */
function exponential(y: bigint): bigint {
  const halvings = 12n;
  const r = y >> halvings;
  let term = ONE;
  let sum = ONE;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    term = (term * r) / (n * ONE);
    sum += term;
  }
  for (let i = 0n; i < halvings; i++) sum = (sum * sum) / ONE;
  return sum;
}

/** For x from 2^-500 to 2^500. */
export function isNearestLogarithm(x: number, y: number): boolean {
  const bounds = ([-1n, 1n] as const).map((step) => exponential(middle(y, step) >> (1081n - BITS)));
  const value = toFixed(x);
  return y < 0 ? bounds[1] <= value && value <= bounds[0] : bounds[0] <= value && value <= bounds[1];
}

/** For x > 0 and p = n / q with small integers, q > 0, by exact comparison of y^q with x^n. Ties are to be even. */
export function isNearestPower(x: number, n: number, q: number, y: number): boolean {
  const compare = (bound: bigint) => {
    // bound·2^-1081 against x^(n/q)
    const exponent = BigInt(Math.abs(n));
    const power = units(x) ** exponent;
    const left = (bound ** BigInt(q)) << (1080n * exponent);
    const right = power << (1081n * BigInt(q));
    const inverse = bound ** BigInt(q) * power - (1n << (1081n * BigInt(q) + 1080n * exponent));
    const difference = n >= 0 ? left - right : inverse;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  };
  view.setFloat64(0, y);
  const isEven = view.getBigUint64(0) % 2n === 0n;
  const low = compare(middle(y, -1n));
  const high = compare(middle(y, 1n));
  return (low < 0 || (low === 0 && isEven)) && (high > 0 || (high === 0 && isEven));
}
