// The one list of kernel variants: assembly, dispatch, tests and benchmarks all read it.

/** What a variant of the update rule does. */
export interface Variant {
  momentum: boolean;
  /** the gradient is multiplied by 1 - dampening before it goes into the buffer */
  damped: boolean;
  nesterov: boolean;
  /** weight decay is added to the gradient */
  decay: boolean;
  /** the gradient is multiplied by two factors first */
  scaled: boolean;
  /** and is zero afterwards */
  zeroed: boolean;
}

/** Added to a variant on gradients as they are: the same on scaled ones, and on scaled ones that are zeroed. */
export const SCALED = 10;
export const ZEROED = 20;
export const COUNT = 30;

/** Plain, momentum, the same damped, Nesterov, the same damped; these with decay; all of them scaled; and zeroed. */
export function variantAt(index: number): Variant {
  const rule = index % 5;
  return {
    momentum: rule > 0,
    damped: rule > 0 && rule % 2 === 0,
    nesterov: rule > 2,
    decay: index % SCALED > 4,
    scaled: index >= SCALED,
    zeroed: index >= ZEROED,
  };
}

/**
 * What is left open in the source of a function that is there several times: for the copy of a variant, or of a dtype (float32 is
 * the first). Two vectors a turn are paired where multiply-add is an instruction or two.
 */
export function flagsOf(copy: number, emulated: boolean) {
  return { ...variantAt(copy), paired: !emulated, single: copy === 0 };
}

/** The variants on gradients as they are, by name: `<momentum>[_damped][_decay]`. */
export const VARIANTS: readonly (Variant & { name: string })[] = /* @__PURE__ */ Array.from(
  { length: SCALED },
  (_, index) => {
    const variant = variantAt(index);
    const { momentum, nesterov, damped, decay } = variant;
    const rule = nesterov ? "nesterov" : momentum ? "momentum" : "plain";
    return { ...variant, name: `${rule}${damped ? "_damped" : ""}${decay ? "_decay" : ""}` };
  },
);

/** The variant, on gradients as they are, that does this. */
export function variantIndex(momentum: boolean, nesterov: boolean, damped: boolean, decay: boolean): number {
  return (decay ? 5 : 0) + (momentum ? (nesterov ? 3 : 1) + (damped ? 1 : 0) : 0);
}
