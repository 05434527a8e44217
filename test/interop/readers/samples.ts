// What the files hold.

import type { AnyTensorData, TensorDType } from "../../../src/checkpoint/index.js";
import { tensors } from "../../hostile/encoded.js";

export type Tensors = Record<string, AnyTensorData>;

/** As safetensors spells them. */
export const DTYPE_NAMES: Record<TensorDType, string> = {
  bool: "BOOL",
  uint8: "U8",
  int8: "I8",
  int16: "I16",
  uint16: "U16",
  float16: "F16",
  bfloat16: "BF16",
  int32: "I32",
  uint32: "U32",
  float32: "F32",
  float64: "F64",
  int64: "I64",
  uint64: "U64",
  float8_e4m3fn: "F8_E4M3",
  float8_e5m2: "F8_E5M2",
  float8_e8m0fnu: "F8_E8M0",
  complex64: "C64",
  complex128: "",
};

const unsigned: Tensors = {
  u16: { dtype: "uint16", shape: [1], data: Uint16Array.of(65535) },
  u32: { dtype: "uint32", shape: [1], data: Uint32Array.of(2 ** 32 - 1) },
  u64: { dtype: "uint64", shape: [1, 1, 1], data: BigUint64Array.of(2n ** 64n - 1n) },
};

export const samples: Record<string, { tensors: Tensors; metadata?: Record<string, string> }> = {
  "every dtype": { tensors: { ...tensors, ...unsigned }, metadata: { format: "pt" } },
  "no tensor": { tensors: {} },
  "one byte": { tensors: { a: tensors.byte } },
  "an odd number of bytes before floats": { tensors: { a: tensors.mask, b: tensors.weight, c: tensors.byte } },
  "names of every kind": {
    tensors: {
      "": tensors.ids,
      "a.b/c d": tensors.ids,
      "é🎉": tensors.weight,
      '"\\\n\u0001': tensors.char,
      7: tensors.ids,
    },
  },
  "metadata of every kind": { tensors: { a: tensors.bias }, metadata: { "": "", "é🎉": '"\\\n\u0001\u2028', b: "{}" } },
};
