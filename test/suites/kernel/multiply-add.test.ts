// The kernel's multiply-add on operands that are hard to round once, against exact arithmetic on integers.

import { createEngine } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type DType, fusedMultiplyAdd, separateMultiplyAdd } from "../../reference/exact.js";
import { hardOperands, KINDS } from "../../reference/hard-operands.js";
import { kernelOf } from "../../reference/internals.js";
import { record, rounding } from "../../support/context.js";
import { mulberry32 } from "../../support/random.js";

/** Of each type; `npx tsx test/exhaustive/multiply-add.ts` runs any number. */
const COUNT = 20_000;
const kernel = kernelOf(createEngine({ rounding }));
const reference = rounding === "fused" ? fusedMultiplyAdd : separateMultiplyAdd;
const test = suite("multiply-add");

for (const dtype of ["float32", "float64"] as const) {
  const { multiplyAdd } = kernel[dtype];
  const names = Object.keys(KINDS);

  test(`${dtype} is right on ${COUNT} hard operands`, () => {
    const next = mulberry32(dtype === "float32" ? 32 : 64);
    const results = new Float64Array(COUNT);
    for (let n = 0; n < COUNT; n++) {
      const [x, k, z] = hardOperands(next, dtype, n);
      const expected = reference(x, k, z, dtype);
      results[n] = multiplyAdd(x, k, z);
      if (Object.is(results[n], expected)) continue;
      assert.unreachable(`${names[n % names.length]}: ${x} * ${k} + ${z} gave ${results[n]}, expected ${expected}`);
    }
    record(`multiply-add, ${dtype}`, results);
  });

  test(`${dtype} operands are numbers of the type, and hard: shortcuts fail on many of them`, () => {
    const next = mulberry32(7);
    let wrong = 0;
    for (let n = 0; n < COUNT; n++) {
      const operands = hardOperands(next, dtype, n);
      const [x, k, z] = operands;
      if (dtype === "float32") for (const value of operands) assert.ok(Object.is(Math.fround(value), value));
      if (!Object.is(shortcut(x, k, z, dtype), fusedMultiplyAdd(x, k, z, dtype))) wrong++;
    }
    // Measured: 7.7 % and 26 %. A shortcut that rounds a midpoint to even is right by chance every other time.
    assert.ok(wrong > COUNT * (dtype === "float32" ? 0.05 : 0.2), `${wrong} of ${COUNT}`);
  });
}

/** One rounding too many: through float64 for float32, after the product for float64. */
function shortcut(x: number, k: number, z: number, dtype: DType): number {
  return dtype === "float32" ? Math.fround(x * k + z) : x * k + z;
}

test("the exact reference knows results worked out by hand", () => {
  const fma32 = (x: number, k: number, z: number) => fusedMultiplyAdd(x, k, z, "float32");
  const fma64 = (x: number, k: number, z: number) => fusedMultiplyAdd(x, k, z, "float64");
  assert.is(fma64(1 + 2 ** -27, 1 + 2 ** -27, -(1 + 2 ** -26)), 2 ** -54);
  assert.is(fma32(1 + 2 ** -12, 1 + 2 ** -12, -(1 + 2 ** -11)), 2 ** -24);
  assert.is(fma64(1e300, 1e300, Number.NEGATIVE_INFINITY), Number.NEGATIVE_INFINITY);
  assert.is(fma64(2, 2 ** 1023, -(2 ** 1023)), 2 ** 1023);
  assert.is(fma64(2 ** -600, 2 ** -600, 1), 1);
  assert.is(fma64(2 ** -537, 2 ** -538, 0), 0); // half of the smallest number: the tie goes to even
  assert.is(fma64(2 ** -537, 1.5 * 2 ** -537, 0), 2 ** -1073);
  assert.is(fma32(3, 1 / 2, 2 ** -149), 1.5);
  assert.is(fma32(2 ** 127, 2, 0), Number.POSITIVE_INFINITY);
  assert.is(fma32(2 ** 64, 2 ** 64, -(2 ** 104)), 2 ** 128 - 2 ** 104);
  assert.is(fma32(2 ** 64, 2 ** 64, -(2 ** 103)), Number.POSITIVE_INFINITY);
  assert.ok(Object.is(fma64(-1, 0, 0), 0));
  assert.ok(Object.is(fma64(-1, 0, -0), -0));
  assert.ok(Object.is(fma64(1, 1, -1), 0));
  assert.ok(Object.is(fma64(-(2 ** -600), 2 ** -600, 0), -0));
  assert.ok(Number.isNaN(fma64(0, Number.POSITIVE_INFINITY, 1)));
});

test.run();
