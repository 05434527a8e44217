// The numbers of the fixtures: seeded, exact in the element type, and the same on every runtime.

/** Uniform 32-bit integers. */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** `n` numbers of either sign below `scale`, with magnitudes over eight powers of two. */
export function values(next: () => number, n: number, dtype: "float32", scale?: number): Float32Array<ArrayBuffer>;
export function values(next: () => number, n: number, dtype: "float64", scale?: number): Float64Array<ArrayBuffer>;
export function values(
  next: () => number,
  n: number,
  dtype: "float32" | "float64",
  scale?: number,
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
export function values(next: () => number, n: number, dtype: "float32" | "float64", scale = 1) {
  return dtype === "float32"
    ? Float32Array.from({ length: n }, () => single(next) * scale)
    : Float64Array.from({ length: n }, () => double(next) * scale);
}

function single(next: () => number): number {
  const mantissa = (next() >>> 8) * 2 ** -23 - 1;
  return mantissa * 2 ** -(next() >>> 29);
}

function double(next: () => number): number {
  const high = next() >>> 5;
  const mantissa = (high * 67108864 + (next() >>> 6)) * 2 ** -52 - 1;
  return mantissa * 2 ** -(next() >>> 29);
}
