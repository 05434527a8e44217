import { tagOf } from "../../common/checks.js";
import { CheckpointError } from "./error.js";

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A little-endian 64-bit integer as a number; beyond 2^53 it is rounded, and too large for any file. */
export function uint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** A buffer of `bytes`; an engine that cannot give it is reported like any other fault of the file. */
export function allocate(bytes: number, what: string): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch {
    throw new CheckpointError(`${what} takes ${bytes} bytes, which could not be allocated`);
  }
}

/**
 * Bytes that a tensor may keep. Those of a buffer that holds nothing else become the tensor's, so that a large tensor is
 * in memory once; others are copied, which also aligns them.
 */
export function ownBytes(bytes: Uint8Array, owned: boolean): Uint8Array {
  if (owned && bytes.byteLength === bytes.buffer.byteLength && tagOf(bytes.buffer) === "ArrayBuffer") return bytes;
  const copy = new Uint8Array(allocate(bytes.length, "a tensor"));
  copy.set(bytes);
  return copy;
}

export const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Reverses every `width` bytes, in place. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  if (width === 1) return;
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}
