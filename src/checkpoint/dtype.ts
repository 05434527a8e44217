import type { TensorData } from "../common/tensor-data.js";

/** The counterparts of `TensorData` for integers and booleans; the elements of "bool" are 0 or 1. */
export interface IntegerTensorData {
  dtype: "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32" | "int64" | "uint64" | "bool";
  shape: number[];
  data: Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | BigInt64Array | BigUint64Array;
}

/** Every tensor that the formats carry. */
export type AnyTensorData = TensorData | IntegerTensorData;
export type DType = AnyTensorData["dtype"];
type Elements = AnyTensorData["data"];

/** One element type: how JavaScript, PyTorch and safetensors name it. */
export interface DTypeInfo {
  name: DType;
  bytes: number;
  array: { new (buffer: ArrayBuffer, byteOffset?: number, length?: number): Elements; readonly name: string };
  /** The class `torch.<storage>`; null where PyTorch has no typed storage for it. */
  storage: string | null;
  safetensors: string;
}

// In the order in which the reference implementation of safetensors ranks them.
export const DTYPES: readonly DTypeInfo[] = [
  { name: "bool", bytes: 1, array: Uint8Array, storage: "BoolStorage", safetensors: "BOOL" },
  { name: "uint8", bytes: 1, array: Uint8Array, storage: "ByteStorage", safetensors: "U8" },
  { name: "int8", bytes: 1, array: Int8Array, storage: "CharStorage", safetensors: "I8" },
  { name: "int16", bytes: 2, array: Int16Array, storage: "ShortStorage", safetensors: "I16" },
  { name: "uint16", bytes: 2, array: Uint16Array, storage: null, safetensors: "U16" },
  { name: "float16", bytes: 2, array: Uint16Array, storage: "HalfStorage", safetensors: "F16" },
  { name: "bfloat16", bytes: 2, array: Uint16Array, storage: "BFloat16Storage", safetensors: "BF16" },
  { name: "int32", bytes: 4, array: Int32Array, storage: "IntStorage", safetensors: "I32" },
  { name: "uint32", bytes: 4, array: Uint32Array, storage: null, safetensors: "U32" },
  { name: "float32", bytes: 4, array: Float32Array, storage: "FloatStorage", safetensors: "F32" },
  { name: "float64", bytes: 8, array: Float64Array, storage: "DoubleStorage", safetensors: "F64" },
  { name: "int64", bytes: 8, array: BigInt64Array, storage: "LongStorage", safetensors: "I64" },
  { name: "uint64", bytes: 8, array: BigUint64Array, storage: null, safetensors: "U64" },
];

const byName = new Map<string, DTypeInfo>(DTYPES.map((info) => [info.name, info]));

export function dtypeInfo(name: string): DTypeInfo | undefined {
  return byName.get(name);
}

export const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Reverses the bytes of every element, in place. */
export function swapBytes(bytes: Uint8Array, elementBytes: number): void {
  if (elementBytes === 1) return;
  for (let i = 0; i < bytes.length; i += elementBytes) bytes.subarray(i, i + elementBytes).reverse();
}

/** The elements of a tensor as little-endian bytes: a view, except on the rare host of the other byte order. */
export function littleEndianBytes(tensor: AnyTensorData): Uint8Array {
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT } = tensor.data;
  // Memory that has grown leaves views without a buffer, of which no other view can be made.
  if (byteLength === 0) return new Uint8Array();
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  if (HOST_IS_LITTLE_ENDIAN) return bytes;
  const copy = bytes.slice();
  swapBytes(copy, BYTES_PER_ELEMENT);
  return copy;
}

/** A tensor over `bytes`, in the byte order given, which nobody else holds and which are aligned to its elements. */
export function tensorOf(info: DTypeInfo, shape: number[], bytes: Uint8Array, littleEndian: boolean): AnyTensorData {
  if (littleEndian !== HOST_IS_LITTLE_ENDIAN) swapBytes(bytes, info.bytes);
  const data = new info.array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / info.bytes);
  return { dtype: info.name, shape, data } as AnyTensorData;
}

/** The number of elements of a shape; NaN where that is not a count, or beyond 2^53. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return Number.NaN;
    count *= size;
  }
  // A zero may hide an overflow in the other sizes, which then does not matter.
  return Number.isSafeInteger(count) ? count : Number.NaN;
}

/** Whether an object is meant as a tensor: it holds a typed array beside a dtype and a shape. */
export function looksLikeTensor(value: object): value is AnyTensorData {
  return "dtype" in value && "shape" in value && "data" in value && ArrayBuffer.isView(value.data);
}

/** Throws a `TypeError` unless dtype, shape and elements of a tensor to be written agree. `path` names it in the message. */
export function checkTensor(tensor: AnyTensorData, path: string): DTypeInfo {
  const info = dtypeInfo(tensor.dtype);
  if (info === undefined) {
    const known = DTYPES.map((dtype) => dtype.name).join(", ");
    throw new TypeError(`${path} has the dtype ${JSON.stringify(tensor.dtype)}; there are ${known}`);
  }
  if (!Array.isArray(tensor.shape)) throw new TypeError(`${path} must have an array of sizes as its shape`);
  const given = Object.prototype.toString.call(tensor.data).slice(8, -1);
  if (given !== info.array.name) {
    throw new TypeError(`${path} is of dtype ${info.name} and must hold a ${info.array.name}, got ${given}`);
  }
  const count = elementCount(tensor.shape);
  if (count !== tensor.data.length) {
    throw new TypeError(`${path} has shape [${tensor.shape.join(", ")}] and ${tensor.data.length} elements`);
  }
  return info;
}
