import { tagOf, typeName } from "../../common/checks.js";
import { CheckpointError } from "./error.js";
import { isBytes } from "./kind.js";

/** Random access to the bytes of a file that are not in memory. */
export interface RandomAccess {
  /** Length of the file in bytes. */
  size: number;
  /** The `length` bytes from `offset`; the array is handed over and may become the data of a tensor. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export interface ReadRequest {
  offset: number;
  length: number;
}

export interface ReadReply {
  bytes: Uint8Array;
  /** Nobody else holds these bytes: they may be kept without a copy. */
  owned: boolean;
}

/** A decoder that yields the reads it needs: one implementation for bytes in memory and for bytes elsewhere. */
export type Reader<T> = Generator<ReadRequest, T, ReadReply>;

/** Asks for `length` bytes at `offset`, which must lie in a file of `size` bytes. */
export function* readExactly(size: number, offset: number, length: number, what: string): Reader<ReadReply> {
  // Written so that NaN fails.
  if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
    throw new CheckpointError(`${what} takes ${length} bytes at ${offset}, the file has ${size} bytes`, offset);
  }
  return yield { offset, length };
}

export function runSync<T>(reader: Reader<T>, bytes: Uint8Array): T {
  let step = reader.next();
  while (!step.done) {
    const { offset, length } = step.value;
    step = reader.next({ bytes: bytes.subarray(offset, offset + length), owned: false });
  }
  return step.value;
}

export async function runAsync<T>(reader: Reader<T>, source: RandomAccess): Promise<T> {
  let step = reader.next();
  while (!step.done) {
    const { offset, length } = step.value;
    const bytes = toBytes(await source.read(offset, length));
    if (bytes.byteLength !== length) {
      throw new CheckpointError(`the source gave ${bytes.byteLength} bytes, ${length} were asked for`, offset);
    }
    step = reader.next({ bytes, owned: true });
  }
  return step.value;
}

/** A `Blob` (and so a `File`) as random access; anything else already is. */
export function toRandomAccess(source: Blob | RandomAccess): RandomAccess {
  if ("read" in source) return source;
  return {
    size: source.size,
    async read(offset, length) {
      return new Uint8Array(await source.slice(offset, offset + length).arrayBuffer());
    },
  };
}

/** The argument of a decoder in memory, as bytes. */
export function toBytes(input: Uint8Array | ArrayBuffer): Uint8Array {
  const kind = tagOf(input);
  // A subclass such as Node's Buffer has methods of other meanings: its slice() does not copy.
  if (isBytes(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  if (kind === "ArrayBuffer" || kind === "SharedArrayBuffer") return new Uint8Array(input as ArrayBuffer);
  throw new TypeError(`expected the file's bytes as a Uint8Array or an ArrayBuffer, got ${typeName(input)}`);
}
