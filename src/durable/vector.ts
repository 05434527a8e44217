// The vector of all tensors, as bytes, and its slices.

import { ARRAY_TYPE, ELEMENT_BYTES, type FloatArray } from "../common/dtype.js";
import { sizeOf } from "../common/elements.js";
import type { Parameter } from "../parameter.js";
import type { TensorInfo } from "./config.js";
import { ParameterServerError } from "./error.js";
import type { RunStatus } from "./status.js";

/** A copy of arrays, one after the other. */
export function joined(arrays: readonly FloatArray[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += byteLength;
  }
  return bytes;
}

/** The slices of a vector, views of it. */
export function slicesOf(vector: Uint8Array<ArrayBuffer>, shards: RunStatus["shards"]): Uint8Array<ArrayBuffer>[] {
  let end = 0;
  return shards.map(({ bytes }) => {
    end += bytes;
    return vector.subarray(end - bytes, end);
  });
}

/** The tensors of a vector, copies of it. */
export function tensorsOf(vector: Uint8Array, tensors: readonly Pick<TensorInfo, "dtype" | "shape">[]): FloatArray[] {
  let end = 0;
  return tensors.map(({ dtype, shape }) => {
    const start = end;
    end += sizeOf(shape) * ELEMENT_BYTES[dtype];
    return new ARRAY_TYPE[dtype](vector.slice(start, end).buffer);
  });
}

/** The dense gradients. @throws TypeError where there is none */
export function gradientsOf(parameters: readonly Parameter[]): FloatArray[] {
  return parameters.map((parameter) => {
    const { grad } = parameter;
    if (grad) return grad as FloatArray;
    const what = parameter.sparseGrad ? "a sparse gradient: a push needs a dense one" : "no gradient: a push needs one";
    throw new TypeError(`${parameter.label} has ${what} for every parameter`);
  });
}

/** Refuses NaN and infinities. @param what `the gradient of` or so */
export function checkFinite(what: string, arrays: readonly FloatArray[], parameters: readonly Parameter[]): void {
  arrays.forEach((values, i) => {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at < 0) return;
    const message = `${what} ${parameters[i].label} holds ${values[at]} at index ${at}, which this run does not take`;
    throw new ParameterServerError("nonfinite", message);
  });
}

/** Refuses parameters of other shapes or dtypes than the run's. */
export function checkLayout(parameters: readonly Parameter[], tensors: readonly TensorInfo[]): void {
  const ours = parameters.map(textOf);
  const theirs = tensors.map(textOf);
  const at = ours.findIndex((text, i) => text !== theirs[i]);
  if (at < 0 && ours.length === theirs.length) return;
  const [got, expected] = at < 0 ? [`${ours.length} parameters`, theirs.length] : [ours[at], theirs[at] ?? "no more"];
  throw new ParameterServerError("layout", `the run has other parameters: it has ${expected}, got ${got}`);
}

function textOf({ dtype, shape }: { dtype: string; shape: readonly number[] }): string {
  return `${dtype} [${shape}]`;
}
