// The 16-bit floats of checkpoints, widened. Every one of them is a float32, so nothing is rounded.

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
