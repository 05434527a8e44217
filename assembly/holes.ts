// What the source leaves open, and src/kernel/assemble.ts fills in for every function: imports that no build has.
// sgd.ts declares those of its own: what a variant does.

/** Yes or no: of an `if` the branch that is not taken is not there. Two vectors a turn; the element type is f32. */
// @ts-ignore: decorator
@external("is", "paired")
export declare const paired: bool;
// @ts-ignore: decorator
@external("is", "single")
export declare const single: bool;

/** Functions whose instructions are written out. */
// @ts-ignore: decorator
@external("inline", "multiplier_f32")
export declare function multiplierF32(k: f32): v128;
// @ts-ignore: decorator
@external("inline", "multiply_add_f32")
export declare function multiplyAddF32(x: v128, k: v128, z: v128): v128;
// @ts-ignore: decorator
@external("inline", "multiply_add_f64")
export declare function multiplyAddF64(x: v128, k: v128, z: v128): v128;
