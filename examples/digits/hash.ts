// The hash of parameters, by which runs are compared.

import type { Parameter } from "sgd-wasm";

/** SHA-256 of all parameters' bytes, in order, in hexadecimal: the same on every machine and runtime. */
export async function hashOf(parameters: readonly Parameter[]): Promise<string> {
  const bytes = parameters.flatMap(({ data }) => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
