// numpy's scalars and arrays, which training scripts leave in checkpoints.

import { widenFloat16 } from "../../common/half.js";
import type { Budget } from "../io/limits.js";
import { type AnyTensorData, type DTypeInfo, dtypeInfo, elementCount } from "../io/tensor.js";
import { encodeLatin1 } from "../io/text.js";
import { Instance, type Node, Storage, Tensor, Tuple } from "../pickle/nodes.js";
import { shortest } from "../pickle/values.js";
import { counts, textOf } from "./rebuild.js";
import { materialise } from "./tensor.js";

/** What a numpy object is in JavaScript; undefined for what has no counterpart, or is none. */
export function numpyValue(object: Instance, budget: Budget): unknown {
  const { of, args, state } = object;
  const [first, second, third, fourth] = args.items;
  // numpy 2 has moved `core` to `_core`.
  switch (of.name.replace("._core.", ".core.")) {
    case "numpy.dtype":
      return dtypeOf(object)?.info.name;
    case "numpy.core.multiarray.scalar":
      return scalar(read(first, new Tuple([]), second, false, budget));
    case "numpy.core.numeric._frombuffer":
      return read(second, third, first, textOf(fourth) === "F", budget);
    case "numpy.core.multiarray._reconstruct": {
      if (!(state instanceof Tuple)) return undefined;
      const [, shape, dtype, isFortran, data] = state.items;
      return read(dtype, shape, data, isFortran === true, budget);
    }
  }
}

/** An array is read as the tensor that it would be. If `isFortran`, its first dimension moves fastest. */
function read(
  dtype: Node | undefined,
  sizes: Node | undefined,
  data: Node | undefined,
  isFortran: boolean,
  budget: Budget,
): AnyTensorData | undefined {
  const type = dtypeOf(dtype);
  const bytes = bytesOf(data);
  const shape = counts(sizes);
  const elements = elementCount(shape);
  if (type === undefined || elements * type.info.bytes !== bytes?.length) return undefined;
  const { info, littleEndian } = type;
  budget.charge(bytes.length, "a numpy array");
  const storage = new Storage(info, "", elements, 0, elements, 0);
  const tensor = new Tensor(storage, info, 0, shape, stridesOf(shape, isFortran), 0);
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
  if (typeof node === "string") return encodeLatin1(node);
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

function scalar(tensor: AnyTensorData | undefined): unknown {
  if (tensor === undefined) return undefined;
  const { dtype, data } = tensor;
  if (dtype === "float16") return widenFloat16(data as Uint16Array)[0];
  if (dtype.startsWith("complex")) {
    const [re, im] = dtype === "complex64" ? new Float32Array(data.buffer) : new Float64Array(data.buffer);
    return { re, im };
  }
  const [value] = data;
  if (typeof value === "bigint") return shortest(value);
  return dtype === "bool" ? value !== 0 : value;
}
