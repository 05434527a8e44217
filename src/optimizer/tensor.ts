// Tensors of a state dict as the values of parameters.

import { isRecord, tagOf, typeName } from "../common/checks.js";
import type { FloatArray } from "../common/dtype.js";
import { widenBfloat16, widenFloat16 } from "../common/half.js";
import { lasting } from "../memory/region.js";
import type { Parameter } from "../parameter.js";

/** What holds the elements of a tensor, and what makes floats of them. */
const FLOATS: { readonly [dtype: string]: readonly [tag: string, widen: (data: never) => FloatArray] | undefined } = {
  // Whatever a dict calls its dtype, nothing else is found.
  __proto__: null as never,
  float32: ["Float32Array", (data: Float32Array) => data],
  float64: ["Float64Array", (data: Float64Array) => data],
  float16: ["Uint16Array", widenFloat16],
  bfloat16: ["Uint16Array", widenBfloat16],
};

/** The elements of a tensor of floats, widened; null for what is none. */
function floatsOf({ dtype, data }: { dtype?: unknown; data?: unknown }): FloatArray | null {
  const known = FLOATS[dtype as string];
  if (known === undefined || tagOf(data) !== known[0]) return null;
  return known[1](data as never);
}

/** The number in a tensor of one element; else the value itself. */
export function numberOf(value: unknown): unknown {
  if (!isRecord(value) || !("dtype" in value && "shape" in value && ArrayBuffer.isView(value.data))) return value;
  const elements = floatsOf(value) ?? (value.data as unknown as ArrayLike<number | bigint>);
  return elements.length === 1 ? Number(elements[0]) : value;
}

/**
 * The elements of a tensor that has the parameter's shape, in a form that survives the growth of its memory.
 *
 * @param what messages call the tensor
 * @throws TypeError for what is no tensor of floats, Error for one of another shape
 */
export function valuesFor(parameter: Parameter, tensor: unknown, what: string): FloatArray {
  if (!isRecord(tensor)) throw new TypeError(`${what} must be an object, got ${typeName(tensor)}`);
  const { dtype, shape, data } = tensor;
  const values = floatsOf({ dtype, data });
  if (!values) {
    const json = isRecord(data)
      ? "; JSON has no typed arrays: keep a state dict with encodeTorch or structuredClone"
      : "";
    throw new TypeError(
      `${what} must be float32, float64, float16 or bfloat16 in its typed array, got ${dtype} in ${typeName(data)}${json}`,
    );
  }
  const isShape = Array.isArray(shape) && shape.length === parameter.shape.length;
  if (values.length !== parameter.size || !isShape || shape.some((n, i) => n !== parameter.shape[i])) {
    throw new Error(`${what} has ${values.length} elements of shape [${shape}], but belongs to ${parameter.label}`);
  }
  return lasting(values, parameter.engine.memory);
}
