// Good files of our own making, to damage.

import type * as Library from "../../src/checkpoint/index.js";

export const tensors = {
  weight: { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, -2, 3.5, -0, Number.NaN, Infinity) },
  bias: { dtype: "float64", shape: [2], data: Float64Array.of(0.1, -1e300) },
  half: { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0x7e01) },
  brain: { dtype: "bfloat16", shape: [1, 1], data: Uint16Array.of(0x3f80) },
  steps: { dtype: "int64", shape: [], data: BigInt64Array.of(-(2n ** 62n)) },
  ids: { dtype: "int32", shape: [2], data: Int32Array.of(-1, 7) },
  short: { dtype: "int16", shape: [1], data: Int16Array.of(-3) },
  char: { dtype: "int8", shape: [1], data: Int8Array.of(-128) },
  byte: { dtype: "uint8", shape: [3], data: Uint8Array.of(0, 127, 255) },
  mask: { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) },
  nothing: { dtype: "float32", shape: [0, 4], data: new Float32Array() },
} satisfies Record<string, Library.AnyTensorData>;

export const optimizer = {
  state: { 0: { momentum_buffer: tensors.weight }, 1: { momentum_buffer: null } },
  param_groups: [
    {
      ...{ lr: 1, momentum: 0.9, dampening: 0, weight_decay: 0, nesterov: false, maximize: false },
      ...{ foreach: null, differentiable: false, name: "all", epoch: 3, params: [0, 1] },
    },
  ],
};

export function encodedSamples(library: Pick<typeof Library, "encodeTorch" | "encodeSafetensors">): Uint8Array[] {
  const mixed = new Map<unknown, unknown>([
    [1.5, [2n ** 70n, -1, 70000]],
    [[1, "a"], new Set([true, null])],
  ]);
  return [
    library.encodeTorch({ model: tensors, optimizer, epoch: 3, mixed, bytes: Uint8Array.of(1, 2) }),
    library.encodeSafetensors(tensors, { format: "pt" }),
    library.encodeSafetensors({ a: tensors.byte, b: tensors.weight }),
  ];
}
