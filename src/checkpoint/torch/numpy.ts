// numpy's scalars and arrays, which training scripts leave in checkpoints.

import { widenFloat16 } from "../../common/half.js";
import { viewOf } from "../io/bytes.js";
import type { Budget } from "../io/limits.js";
import { type AnyTensorData, type DTypeInfo, dtypeInfo, elementCount, isComplex, tensorOf } from "../io/tensor.js";
import { Instance, type Known, type Node, Storage, Tensor, Tuple } from "../pickle/nodes.js";
import { shortest } from "../pickle/values.js";
import { counts, textOf } from "./rebuild.js";
import { materialise } from "./tensor.js";

// numpy 2 has moved `core` to `_core`.
const NAME =
  /^numpy\._?core\.(multiarray\.scalar|multiarray\._reconstruct|numeric\._frombuffer)$|^numpy\.(dtype|ndarray)$/;

/** The calls are kept as they are: what they give is known when the states are there, which come later in the pickle. */
export function isNumpy(name: string): boolean {
  return NAME.test(name);
}

export const NUMPY: Known = {};

/** What a numpy object is in JavaScript; undefined for what has no counterpart, or is none. */
export function numpyValue(object: Instance, budget: Budget): unknown {
  const { of, args, state, where } = object;
  const [first, second, third, fourth] = args.items;
  const [, call] = NAME.exec(of.name) ?? [];
  if (of.name === "numpy.dtype") return dtypeOf(object)?.info.name;
  if (call === "multiarray.scalar") return scalar(dtypeOf(first), bytesOf(second));
  let content: ArrayContent | undefined;
  if (call === "numeric._frombuffer") {
    content = { data: first, dtype: second, shape: third, isFortran: textOf(fourth) === "F" };
  } else if (call === "multiarray._reconstruct" && state instanceof Tuple) {
    const [, shape, dtype, isFortran, data] = state.items;
    content = { data, dtype, shape, isFortran: isFortran === true };
  }
  return content && array(content, where, budget);
}

interface ArrayContent {
  data: Node | undefined;
  dtype: Node | undefined;
  shape: Node | undefined;
  /** The first dimension moves fastest. */
  isFortran: boolean;
}

/** An array is read as the tensor that it would be. */
function array(content: ArrayContent, where: number, budget: Budget): AnyTensorData | undefined {
  const type = dtypeOf(content.dtype);
  const bytes = bytesOf(content.data);
  if (type === undefined || bytes === undefined) return undefined;
  const { info, littleEndian } = type;
  const shape = counts(content.shape);
  const elements = elementCount(shape);
  if (elements * info.bytes !== bytes.length) return undefined;
  budget.charge(bytes.length, "a numpy array");
  const storage = new Storage(info, "", elements, 0, elements, where);
  const tensor = new Tensor(storage, info, 0, shape, stridesOf(shape, content.isFortran), where);
  return materialise(tensor, { bytes, owned: false, littleEndian });
}

interface NumpyDType {
  info: DTypeInfo;
  littleEndian: boolean;
}

const KINDS: Readonly<Record<string, string>> = { b: "bool", i: "int", u: "uint", f: "float", c: "complex" };

/** Of `numpy.dtype("f8", …)` and its state (version, byte order, subarray, names, fields, …). */
function dtypeOf(node: Node | undefined): NumpyDType | undefined {
  if (!(node instanceof Instance) || node.of.name !== "numpy.dtype" || !(node.state instanceof Tuple)) return undefined;
  const [, kind, bytes] = /^([biufc])(\d+)$/.exec(textOf(node.args.items[0]) ?? "") ?? [];
  const info = dtypeInfo(kind === "b" ? "bool" : `${KINDS[kind]}${8 * Number(bytes)}`);
  return info && { info, littleEndian: textOf(node.state.items[1]) !== ">" };
}

/** Python 2 has bytes as text. */
function bytesOf(node: Node | undefined): Uint8Array | undefined {
  if (typeof node === "string") return Uint8Array.from(node, (character) => character.charCodeAt(0));
  return node instanceof Uint8Array ? node : undefined;
}

function stridesOf(shape: readonly number[], isFortran: boolean): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = 0; i < shape.length; i++) {
    const dimension = isFortran ? i : shape.length - 1 - i;
    strides[dimension] = stride;
    stride *= shape[dimension];
  }
  return strides;
}

function scalar(type: NumpyDType | undefined, bytes: Uint8Array | undefined): unknown {
  if (type === undefined || bytes?.length !== type.info.bytes) return undefined;
  const tensor = tensorOf(type.info, [], bytes.slice(), type.littleEndian);
  return numberOf(type.info, tensor);
}

function numberOf(info: DTypeInfo, { data }: AnyTensorData): unknown {
  if (isComplex(info)) {
    const view = viewOf(data as Uint8Array);
    return info.bytes === 8
      ? { re: view.getFloat32(0, true), im: view.getFloat32(4, true) }
      : { re: view.getFloat64(0, true), im: view.getFloat64(8, true) };
  }
  if (info.name === "float16") return widenFloat16(data as Uint16Array)[0];
  const [value] = data;
  if (typeof value === "bigint") return shortest(value);
  return info.name === "bool" ? value !== 0 : value;
}
