// The one list of kernel variants: dispatch, tests and benchmarks all read it. assembly/variants.ts has them in the same order.

export type DType = "float32" | "float64";

/** The element type as WebAssembly names it, for the exports' names. */
export const WASM_TYPE = { float32: "f32", float64: "f64" } as const;

export interface Variant {
  /** `<momentum>[_damped][_decay]` */
  readonly name: string;
  readonly momentum: "plain" | "momentum" | "nesterov";
  /** the gradient is multiplied by 1 - dampening before it goes into the buffer */
  readonly damped: boolean;
  /** weight decay is added to the gradient */
  readonly decay: boolean;
}

/** In this order `variantIndex` counts. */
const UPDATES = [
  { momentum: "plain", damped: false },
  { momentum: "momentum", damped: false },
  { momentum: "momentum", damped: true },
  { momentum: "nesterov", damped: false },
  { momentum: "nesterov", damped: true },
] as const;

/** All variants, of both dtypes, each at its `variantIndex`. */
export const VARIANTS: readonly Variant[] = /* @__PURE__ */ [false, true].flatMap((decay) =>
  UPDATES.map(({ momentum, damped }) => ({
    name: `${momentum}${damped ? "_damped" : ""}${decay ? "_decay" : ""}`,
    momentum,
    damped,
    decay,
  })),
);

/** Where `VARIANTS` holds the variant for these options. */
export function variantIndex(momentum: boolean, nesterov: boolean, damped: boolean, decay: boolean): number {
  return (decay ? UPDATES.length : 0) + (momentum ? (nesterov ? 3 : 1) + (damped ? 1 : 0) : 0);
}
