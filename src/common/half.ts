// The two 16-bit floats as numbers and back. Every one of them is a float32, so widening rounds nothing; narrowing rounds once, to
// nearest, ties to even, and makes every NaN the quiet one without sign.

/** IEEE binary16 bit patterns as numbers. */
export function widenFloat16(halves: Uint16Array): Float32Array {
  // Moved into the places of a float32's bits, the exponent counts from 2^112 less; all ones, for Infinity and NaN, stay so.
  const tiny = fromBits(halves, (half) => {
    const special = (half & 0x7c00) === 0x7c00 ? 0x70000000 : 0;
    return ((half & 0x8000) << 16) | ((half & 0x7fff) << 13) | special;
  });
  return tiny.map((value) => value * 2 ** 112);
}

/** bfloat16 bit patterns as numbers: the upper half of a float32's bits. */
export function widenBfloat16(halves: Uint16Array): Float32Array {
  return fromBits(halves, (half) => half << 16);
}

function fromBits(halves: Uint16Array, bitsOf: (half: number) => number): Float32Array {
  return new Float32Array(Uint32Array.from(halves, bitsOf).buffer);
}

/** The bits of a number rounded to IEEE binary16. */
export function float16Bits(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const bits = oddBits(x);
  const magnitude = bits & 0x7fffffff;
  const sign = (bits >>> 16) & 0x8000;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and more
  // Subnormal results are multiples of 2^-24: added to 2^52, a double keeps no fraction.
  if (magnitude < 0x38800000) return sign | (Math.abs(single[0]) * 2 ** 24 + 2 ** 52 - 2 ** 52);
  return sign | (roundBits(magnitude - 0x38000000, 13) & 0x7fff);
}

/** The bits of a number rounded to bfloat16. */
export function bfloat16Bits(x: number): number {
  return Number.isNaN(x) ? 0x7fc0 : roundBits(oddBits(x) >>> 0, 16);
}

const singleBuffer = /* @__PURE__ */ new ArrayBuffer(4);
const single = /* @__PURE__ */ new Float32Array(singleBuffer);
const singleBits = /* @__PURE__ */ new Int32Array(singleBuffer);

/**
 * The bits of a number as float32, in `single` as well, truncated, the last one set where something was lost: rounded to fewer
 * bits, that gives what the number itself would.
 */
function oddBits(x: number): number {
  single[0] = x;
  if (single[0] === x) return singleBits[0];
  if (Math.abs(single[0]) > Math.abs(x)) singleBits[0]--;
  singleBits[0] |= 1;
  return singleBits[0];
}

/** Bits without the last `count`, rounded to nearest, ties to even. */
function roundBits(bits: number, count: number): number {
  const isOdd = Math.floor(bits / 2 ** count) % 2;
  return Math.floor((bits + 2 ** (count - 1) - 1 + isOdd) / 2 ** count);
}
