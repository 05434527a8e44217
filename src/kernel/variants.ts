// The one list of kernel variants: dispatch, tests and benchmarks all read it. Each has an export of its name in
// assembly/index.ts, where the compiler specialises it from the one update rule.

export type DType = "float32" | "float64";

/** The element type as WebAssembly names it, for the exports' names. */
export const WASM_TYPE = { float32: "f32", float64: "f64" } as const;

export interface Variant {
  /** `sgd_<dtype>_<momentum>[_decay][_scaled]` */
  readonly name: string;
  readonly dtype: DType;
  readonly momentum: "plain" | "momentum" | "nesterov";
  /** weight decay is added to the gradient */
  readonly decay: boolean;
  /** the gradient is multiplied by `scale`, then by `clip`: gradScale, clipping, and maximize as scale = -1 */
  readonly scaled: boolean;
}

const MOMENTA = ["plain", "momentum", "nesterov"] as const;

function variantsOf(dtype: DType): Variant[] {
  return [false, true].flatMap((scaled) =>
    [false, true].flatMap((decay) =>
      MOMENTA.map((momentum) => ({
        name: `sgd_${WASM_TYPE[dtype]}_${momentum}${decay ? "_decay" : ""}${scaled ? "_scaled" : ""}`,
        dtype,
        momentum,
        decay,
        scaled,
      })),
    ),
  );
}

/** All variants by dtype, each at its `variantIndex`. */
export const VARIANTS: Record<DType, readonly Variant[]> = {
  float32: variantsOf("float32"),
  float64: variantsOf("float64"),
};

/** Where `VARIANTS[dtype]` holds the variant for these options. */
export function variantIndex(momentum: boolean, nesterov: boolean, decay: boolean, scaled: boolean): number {
  return (scaled ? 6 : 0) + (decay ? 3 : 0) + (momentum ? (nesterov ? 2 : 1) : 0);
}
