// x·k + z on one f64, rounded once, in integer arithmetic: right for every operand, and slow. The emulated build comes here
// for the operands on which its error-free transformations could overflow, underflow or lose the sign of a zero.

const SIGN: u64 = 1 << 63;
const FRACTION: u64 = (1 << 52) - 1;
/** A finite f64 is an integer below 2^53 times 2^(e - 1075), where e is its exponent field (1 for subnormals). */
const BIAS: i32 = 1075;

// @ts-ignore: decorator
@inline
function integer(bits: u64): u64 {
  const fraction = bits & FRACTION;
  return (bits & ~SIGN) > FRACTION ? fraction | (FRACTION + 1) : fraction;
}

// @ts-ignore: decorator
@inline
function exponent(bits: u64): i32 {
  return max(i32((bits >> 52) & 0x7ff), 1) - BIAS;
}

export function multiplyAddExact64(x: f64, k: f64, z: f64): f64 {
  if (!isFinite(x) || !isFinite(k) || x == 0 || k == 0) return x * k + z;
  if (!isFinite(z)) return z;
  if (z == 0) return x * k;

  const xBits = reinterpret<u64>(x);
  const kBits = reinterpret<u64>(k);
  const zBits = reinterpret<u64>(z);
  const xInteger = integer(xBits);
  const kInteger = integer(kBits);

  // The product, 128 bits in two words.
  const cross = (xInteger >> 32) * (kInteger & 0xffffffff) + (((xInteger & 0xffffffff) * (kInteger & 0xffffffff)) >> 32);
  const crossLow = (xInteger & 0xffffffff) * (kInteger >> 32) + (cross & 0xffffffff);
  let high = (xInteger >> 32) * (kInteger >> 32) + (cross >> 32) + (crossLow >> 32);
  let low = xInteger * kInteger;
  let scale = exponent(xBits) + exponent(kBits);
  let sign = (xBits ^ kBits) & SIGN;

  let otherHigh: u64 = 0;
  let otherLow = integer(zBits);
  let otherScale = exponent(zBits);
  let otherSign = zBits & SIGN;

  // Both with their highest bit at 125: below a difference in scale of 20 nothing is lost by aligning them, and above it
  // what is lost lies so far below the rounding position that one sticky bit stands for it.
  let shift = leadingZeros(high, low) - 2;
  high = shiftLeftHigh(high, low, shift);
  low = shiftLeftLow(low, shift);
  scale -= shift;
  shift = leadingZeros(otherHigh, otherLow) - 2;
  otherHigh = shiftLeftHigh(otherHigh, otherLow, shift);
  otherLow = shiftLeftLow(otherLow, shift);
  otherScale -= shift;

  if (scale < otherScale || (scale == otherScale && high < otherHigh)) {
    let word = high; high = otherHigh; otherHigh = word;
    word = low; low = otherLow; otherLow = word;
    word = sign; sign = otherSign; otherSign = word;
    const integer = scale; scale = otherScale; otherScale = integer;
  }
  const distance = scale - otherScale;
  const alignedLow = shiftRightLow(otherHigh, otherLow, distance);
  const alignedHigh = distance < 64 ? otherHigh >> u64(distance) : 0;

  if (sign == otherSign) {
    low += alignedLow;
    high += alignedHigh + u64(low < alignedLow);
  } else {
    high -= alignedHigh + u64(low < alignedLow);
    low -= alignedLow;
    if (i64(high) < 0) {
      // Equal scale and equal high words: the subtraction went below zero in the low word.
      low = -low;
      high = ~high + u64(low == 0);
      sign ^= SIGN;
    }
    if ((high | low) == 0) return 0;
  }
  return round(sign, high, low, scale);
}

/** ±(high·2^64 + low)·2^scale as the nearest f64, ties to even. */
function round(sign: u64, high: u64, low: u64, scale: i32): f64 {
  const shift = leadingZeros(high, low);
  high = shiftLeftHigh(high, low, shift);
  low = shiftLeftLow(low, shift);
  const power = scale - shift + 127; // of the highest bit
  if (power > 1023) return reinterpret<f64>(sign | 0x7ff0000000000000);

  const bits = power >= -1022 ? 53 : power + 1075; // what a f64 of this size holds
  if (bits < 0) return reinterpret<f64>(sign);
  const kept = bits > 0 ? high >> u64(64 - bits) : 0;
  const rest = (bits > 0 ? high << u64(bits) : high) | u64(low != 0);
  const up = u64(rest > SIGN || (rest == SIGN && (kept & 1) == 1));
  // A carry out of the fraction goes into the exponent, as it should; from the largest f64 it makes infinity.
  const field = power >= -1022 ? u64(power + 1022) << 52 : 0;
  return reinterpret<f64>(sign | (field + kept + up));
}

// @ts-ignore: decorator
@inline
function leadingZeros(high: u64, low: u64): i32 {
  return i32(high != 0 ? clz(high) : 64 + clz(low));
}

// @ts-ignore: decorator
@inline
function shiftLeftHigh(high: u64, low: u64, by: i32): u64 {
  if (by >= 64) return low << u64(by - 64);
  return by == 0 ? high : (high << u64(by)) | (low >> u64(64 - by));
}

// @ts-ignore: decorator
@inline
function shiftLeftLow(low: u64, by: i32): u64 {
  return by >= 64 ? 0 : low << u64(by);
}

/** The low word of (high, low) >> by, its last bit set if any bit was lost. */
// @ts-ignore: decorator
@inline
function shiftRightLow(high: u64, low: u64, by: i32): u64 {
  if (by == 0) return low;
  if (by >= 128) return 1;
  if (by >= 64) {
    const lost = (by == 64 ? 0 : high << u64(128 - by)) | low;
    return (high >> u64(by - 64)) | u64(lost != 0);
  }
  return (low >> u64(by)) | (high << u64(64 - by)) | u64((low << u64(64 - by)) != 0);
}
