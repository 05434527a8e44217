import { toHex } from "../support/bits.js";

/** With tensors as their bits, so that NaN and -0 compare. */
export function comparable(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(comparable);
  const { dtype, shape, data } = value as Record<string, never>;
  if (dtype !== undefined) return { dtype, shape, hex: toHex(data) };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, comparable(item)]));
}
