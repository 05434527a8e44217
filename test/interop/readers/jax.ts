// jax-js reads a file with its loader.

import { safetensors } from "@jax-js/loaders";
import { toHex } from "../../support/bits.js";

/** Content and metadata of a file. */
export function readByJax(file: Uint8Array<ArrayBuffer>) {
  const { tensors, metadata } = safetensors.parse(file);
  const entries = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    return [name, [dtype, shape, toHex(data)]] as const;
  });
  return { tensors: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))), metadata };
}

/** It reads no bfloat16, and float16 where the runtime has an array for it. */
readByJax.knows = (dtype: string) => dtype !== "bfloat16" && (dtype !== "float16" || "Float16Array" in globalThis);
