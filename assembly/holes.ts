// What the source leaves open, and src/kernel/assemble.ts fills in: once per variant, dtype and build.

/** Yes or no, each known when a function is assembled: the branch that is not taken is not there. */
// @ts-ignore: decorator
@external("is", "scaled")
export declare const scaled: bool;
// @ts-ignore: decorator
@external("is", "zeroed")
export declare const zeroed: bool;
// @ts-ignore: decorator
@external("is", "decay")
export declare const decay: bool;
// @ts-ignore: decorator
@external("is", "momentum")
export declare const momentum: bool;
// @ts-ignore: decorator
@external("is", "damped")
export declare const damped: bool;
// @ts-ignore: decorator
@external("is", "nesterov")
export declare const nesterov: bool;
// @ts-ignore: decorator
@external("is", "paired")
export declare const paired: bool;
// @ts-ignore: decorator
@external("is", "single")
export declare const single: bool;

// @ts-ignore: decorator
@external("inline", "multiplier_f32")
export declare function multiplierF32(k: f32): v128;
// @ts-ignore: decorator
@external("inline", "multiply_add_f32")
export declare function multiplyAddF32(x: v128, k: v128, z: v128): v128;
// @ts-ignore: decorator
@external("inline", "multiply_add_f64")
export declare function multiplyAddF64(x: v128, k: v128, z: v128): v128;
