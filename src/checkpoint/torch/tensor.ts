import { allocate, HOST_IS_LITTLE_ENDIAN, ownBytes } from "../io/bytes.js";
import { fail, quote } from "../io/error.js";
import { type AnyTensorData, type DTypeInfo, elementCount, isComplex, numberBytes, tensorOf } from "../io/tensor.js";
import type { Tensor } from "../pickle/nodes.js";

/** The bytes of one run of elements, and their byte order. */
export interface RunOfBytes {
  bytes: Uint8Array;
  /** Nobody else holds these bytes. */
  owned: boolean;
  littleEndian: boolean;
}

/** The elements of a tensor, in row-major order and in an array of their own. */
export function materialise(tensor: Tensor, run: RunOfBytes): AnyTensorData {
  const { dtype, storage, shape } = tensor;
  const from = storage.first * storage.dtype.bytes;
  const to = from + storage.length * storage.dtype.bytes;
  if (to > run.bytes.length) {
    fail(`storage ${quote(storage.key)} has ${run.bytes.length} bytes where ${to} are needed`, storage.where);
  }
  const bytes = elementCount(shape) * dtype.bytes;
  const start = from + tensor.offset * dtype.bytes;
  let target: Uint8Array;
  if (bytes === 0) {
    target = new Uint8Array();
  } else if (isContiguous(tensor)) {
    target = ownBytes(run.bytes.subarray(start, start + bytes), run.owned);
  } else {
    target = new Uint8Array(allocate(bytes, "a tensor"));
    gather(run.bytes.subarray(from, to), target, tensor);
  }
  const output = tensorOf(dtype, shape, target, run.littleEndian);
  if (tensor.negative) negate(output, dtype);
  return output;
}

/** Changes the sign of every number, in place. */
function negate({ data }: AnyTensorData, info: DTypeInfo): void {
  if (info.name.includes("float") || isComplex(info)) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const width = numberBytes(info);
    // The sign is the highest bit of each number. Raw bytes are little-endian everywhere.
    const highest = HOST_IS_LITTLE_ENDIAN || info.array === Uint8Array ? width - 1 : 0;
    for (let i = highest; i < bytes.length; i += width) bytes[i] ^= 0x80;
  } else {
    const integers = data as Int32Array;
    for (let i = 0; i < integers.length; i++) integers[i] = -integers[i];
  }
}

function isContiguous({ shape, strides }: Tensor): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] === 1) continue;
    if (strides[i] !== expected) return false;
    expected *= shape[i];
  }
  return true;
}

/** Copies the elements at `tensor`'s strides one after the other; the bounds were checked when the tensor was read. */
function gather(source: Uint8Array, target: Uint8Array, { dtype, shape, strides, offset }: Tensor): void {
  const width = dtype.bytes;
  const index = new Array<number>(shape.length).fill(0);
  let from = offset * width;
  for (let to = 0; to < target.length; to += width) {
    for (let i = 0; i < width; i++) target[to + i] = source[from + i];
    // Steps like an odometer: the last dimension moves first, a full one goes back to 0 and moves the one before.
    for (let d = shape.length - 1; d >= 0; d--) {
      const stride = strides[d] * width;
      from += stride;
      if (++index[d] < shape[d]) break;
      from -= stride * shape[d];
      index[d] = 0;
    }
  }
}
