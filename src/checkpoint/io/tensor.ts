import { gotOf, isRecord, tagOf, typeName } from "../../common/checks.js";
import type { TensorData } from "../../common/tensor-data.js";
import { HOST_IS_LITTLE_ENDIAN, swapBytes } from "./bytes.js";

/** The counterparts of `TensorData` for integers and booleans; the elements of "bool" are 0 or 1. */
export interface IntegerTensorData {
  dtype: "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32" | "int64" | "uint64" | "bool";
  shape: number[];
  data: Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | BigInt64Array | BigUint64Array;
}

/** Tensors whose elements JavaScript has no array for: `data` are their bytes, little-endian. */
export interface RawTensorData {
  dtype: "complex64" | "complex128" | "float8_e4m3fn" | "float8_e5m2" | "float8_e8m0fnu";
  shape: number[];
  data: Uint8Array;
}

/** Every tensor that the formats carry. */
export type AnyTensorData = TensorData | IntegerTensorData | RawTensorData;
/** The element types of the formats, named as PyTorch names them. */
export type TensorDType = AnyTensorData["dtype"];
type Elements = AnyTensorData["data"];

/** One element type, in JavaScript and in PyTorch. */
export interface DTypeInfo {
  name: TensorDType;
  bytes: number;
  array: { new (buffer: ArrayBuffer, byteOffset?: number, length?: number): Elements; readonly name: string };
  /** The class `torch.<storage>Storage`; null where PyTorch has no typed storage for it. */
  storage: string | null;
}

type Row = [TensorDType, bytes: number, DTypeInfo["array"], storage?: string];

const ROWS: Row[] = [
  ["bool", 1, Uint8Array, "Bool"],
  ["uint8", 1, Uint8Array, "Byte"],
  ["int8", 1, Int8Array, "Char"],
  ["float8_e5m2", 1, Uint8Array],
  ["float8_e4m3fn", 1, Uint8Array],
  ["float8_e8m0fnu", 1, Uint8Array],
  ["int16", 2, Int16Array, "Short"],
  ["uint16", 2, Uint16Array],
  ["float16", 2, Uint16Array, "Half"],
  ["bfloat16", 2, Uint16Array, "BFloat16"],
  ["int32", 4, Int32Array, "Int"],
  ["uint32", 4, Uint32Array],
  ["float32", 4, Float32Array, "Float"],
  ["complex64", 8, Uint8Array, "ComplexFloat"],
  ["float64", 8, Float64Array, "Double"],
  ["int64", 8, BigInt64Array, "Long"],
  ["uint64", 8, BigUint64Array],
  ["complex128", 16, Uint8Array, "ComplexDouble"],
];

export const DTYPES: readonly DTypeInfo[] = ROWS.map(([name, bytes, array, storage = null]) => ({
  ...{ name, bytes, array, storage },
}));

const byName = new Map<string, DTypeInfo>(DTYPES.map((info) => [info.name, info]));

export function dtypeInfo(name: string): DTypeInfo | undefined {
  return byName.get(name);
}

export function isComplex({ name }: DTypeInfo): boolean {
  return name.startsWith("complex");
}

/** Bytes of the numbers that an element is made of: complex ones are two. */
export function numberBytes(info: DTypeInfo): number {
  return isComplex(info) ? info.bytes / 2 : info.bytes;
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
  // Raw bytes are little-endian everywhere.
  const wantLittleEndian = info.array === Uint8Array || HOST_IS_LITTLE_ENDIAN;
  if (littleEndian !== wantLittleEndian) swapBytes(bytes, numberBytes(info));
  const data = new info.array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / bytesPerItem(info));
  return { dtype: info.name, shape, data } as AnyTensorData;
}

/** Of the array: raw tensors have several items an element. */
function bytesPerItem(info: DTypeInfo): number {
  return info.array === Uint8Array ? 1 : info.bytes;
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
  if (!isRecord(tensor)) throw new TypeError(`${path} must be { dtype, shape, data }, got ${typeName(tensor)}`);
  const info = dtypeInfo(tensor.dtype);
  if (info === undefined) {
    const known = DTYPES.map(({ name }) => name).join(", ");
    throw new TypeError(`${path} has the dtype ${gotOf(tensor.dtype)}; there are ${known}`);
  }
  if (!Array.isArray(tensor.shape)) throw new TypeError(`${path} must have an array of sizes as its shape`);
  const given = tagOf(tensor.data);
  if (given !== info.array.name) {
    throw new TypeError(`${path} is of dtype ${info.name} and must hold a ${info.array.name}, got ${given}`);
  }
  const elements = (tensor.data.length * bytesPerItem(info)) / info.bytes;
  if (elementCount(tensor.shape) !== elements) {
    throw new TypeError(`${path} has shape [${tensor.shape.join(", ")}] and ${elements} elements`);
  }
  return info;
}
