// Tensors of a state dict as the values of parameters.

import { type ElementArray, isDType, toNumbers } from "../common/dtype.js";
import { checkTensor, isTensor } from "../common/elements.js";
import { lasting } from "../memory/region.js";
import type { AnyParameter } from "../parameter.js";

/** The number in a tensor of one element; else the value itself. */
export function numberOf(value: unknown): unknown {
  if (!isTensor(value) || !ArrayBuffer.isView(value.data) || value.data.length !== 1) return value;
  const { dtype, data } = value;
  // Other tensors than those of floats hold the number itself, perhaps as a BigInt.
  return Number(isDType(dtype) ? toNumbers(data, dtype)[0] : data[0]);
}

/**
 * The elements of a tensor that has the parameter's shape: in the parameter's type, or as numbers, in a form that survives the
 * growth of its memory.
 *
 * @param what messages call the tensor
 * @throws TypeError for anything but a tensor of floats, Error for one of another shape
 */
export function valuesFor(parameter: AnyParameter, tensor: unknown, what: string): ElementArray {
  const { dtype, data } = checkTensor(tensor, parameter.shape, what, parameter.label);
  const values = dtype === parameter.dtype ? data : toNumbers(data, dtype);
  return lasting(values, parameter.engine.memory);
}
