// Numbers by their bits: hex as the fixtures write it, and comparison where +0 and -0 differ and any NaN equals any NaN.

export type FloatArray = Float32Array | Float64Array;
export type NumberView = ArrayBufferView<ArrayBufferLike>;

const QUIET_NAN = { 4: 0x7fc00000n, 8: 0x7ff8000000000000n } as const;

/** The bytes of a view, of whatever type. */
export function bytesOf(view: NumberView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** A copy of the bytes in which every NaN is the same one. */
export function canonicalBytes(view: NumberView): Uint8Array {
  if (!(view instanceof Float32Array || view instanceof Float64Array)) return bytesOf(view).slice();
  const bytes = bytesOf(view).slice();
  const width = view.BYTES_PER_ELEMENT as 4 | 8;
  const nan = toBytes(QUIET_NAN[width].toString(16).padStart(2 * width, "0")).reverse();
  for (let i = 0; i < view.length; i++) if (Number.isNaN(view[i])) bytes.set(nan, i * width);
  return bytes;
}

/** Lower-case hex of the raw little-endian bytes, elements in order. */
export function toHex(view: NumberView): string {
  let hex = "";
  for (const byte of bytesOf(view)) hex += (byte + 256).toString(16).slice(1);
  return hex;
}

export function toBytes(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** The elements that `toHex` wrote. */
export function fromHex(hex: string, dtype: "float32"): Float32Array<ArrayBuffer>;
export function fromHex(hex: string, dtype: "float64"): Float64Array<ArrayBuffer>;
export function fromHex(hex: string, dtype: "float32" | "float64"): FloatArray;
export function fromHex(hex: string, dtype: "float32" | "float64"): FloatArray {
  const { buffer } = toBytes(hex);
  return dtype === "float32" ? new Float32Array(buffer) : new Float64Array(buffer);
}

/** The index of the first element that differs in its bits, or -1. */
export function firstDifference(actual: FloatArray, expected: FloatArray): number {
  const length = Math.min(actual.length, expected.length);
  for (let i = 0; i < length; i++) if (!Object.is(actual[i], expected[i])) return i;
  return actual.length === expected.length ? -1 : length;
}

/** Fails at the first element whose bits differ. Plain numbers are taken as elements of the type of `actual`. */
export function assertSameBits(actual: FloatArray, expected: FloatArray | readonly number[], what = "elements"): void {
  const wanted = Array.isArray(expected) ? like(actual, expected) : (expected as FloatArray);
  if (actual.BYTES_PER_ELEMENT !== wanted.BYTES_PER_ELEMENT) {
    throw new Error(`${what}: got a ${actual.constructor.name}, expected a ${wanted.constructor.name}`);
  }
  if (actual.length !== wanted.length) {
    throw new Error(`${what}: got ${actual.length} elements, expected ${wanted.length}`);
  }
  const index = firstDifference(actual, wanted);
  if (index < 0) return;
  let count = 0;
  for (let i = index; i < actual.length; i++) if (!Object.is(actual[i], wanted[i])) count++;
  throw new Error(
    `${what}: ${count} of ${actual.length} differ, first at index ${index}: ` +
      `got ${describe(actual, index)}, expected ${describe(wanted, index)}`,
  );
}

function like(model: FloatArray, numbers: readonly number[]): FloatArray {
  return model instanceof Float32Array ? Float32Array.from(numbers) : Float64Array.from(numbers);
}

function describe(array: FloatArray, index: number): string {
  const element = array.slice(index, index + 1);
  return `${Object.is(element[0], -0) ? "-0" : element[0]} (hex ${toHex(element)})`;
}
