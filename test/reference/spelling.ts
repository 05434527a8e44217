// From the fixtures' spelling to this package's.

export type ShortType = "f32" | "f64";
export const DTYPE = { f32: "float32", f64: "float64" } as const;

/** A number as JSON writes it: "NaN", "Infinity" and "-Infinity" are strings. */
export type JsonNumber = number | "NaN" | "Infinity" | "-Infinity";

/** Options of PyTorch as options of SGD. */
export function camelCase(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [camelKey(key), value]));
}

export function camelKey(key: string): string {
  return key === "weight_decay" ? "weightDecay" : key;
}
