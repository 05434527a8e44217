// Cosine, logarithm and power are correctly rounded.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cosine, logarithm, power } from "../../../src/schedule/exact.js";
import { isNearestCosine, isNearestLogarithm, isNearestPower } from "../../reference/exact-functions.js";
import { record } from "../../support/context.js";

const test = suite("correctly rounded functions");
const RUNS = { seed: 20240229, numRuns: 150 };

test("cosine: every angle of a schedule, and any other", () => {
  const results: number[] = [];
  for (const period of [1, 2, 3, 7, 10, 30, 97, 100, 365, 1000]) {
    for (let epoch = 0; epoch <= 2 * period; epoch += Math.ceil(period / 20)) {
      const x = (Math.PI * epoch) / period;
      results.push(cosine(x));
      assert.ok(isNearestCosine(x, cosine(x)), `cos ${x} is ${cosine(x)}`);
    }
  }
  record("exact/cosine", Float64Array.from(results));
  const anywhere = fc.double({ min: -1e15, max: 1e15, noNaN: true });
  fc.assert(
    fc.property(fc.oneof(anywhere, fc.double({ min: -10, max: 10, noNaN: true })), (x) =>
      isNearestCosine(x, cosine(x)),
    ),
    RUNS,
  );
});

test("cosine: values that are exact, symmetric, or close to 0", () => {
  assert.is(cosine(0), 1);
  assert.is(cosine(-0), 1);
  assert.is(cosine(5e-324), 1);
  assert.is(cosine(Math.PI), -1);
  assert.is(cosine(Math.PI / 2), 6.123233995736766e-17);
  assert.is(cosine(-2), cosine(2));
  for (const x of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) assert.ok(Number.isNaN(cosine(x)));
});

test("logarithm", () => {
  const positive = fc.double({ min: 1e-150, max: 1e150, noNaN: true });
  const nearOne = fc.double({ min: 0.9, max: 1.1, noNaN: true });
  const property = fc.property(fc.oneof(positive, nearOne, fc.integer({ min: 2, max: 1e9 })), (x) => {
    return x === 1 || isNearestLogarithm(x, logarithm(x));
  });
  fc.assert(property, RUNS);
  assert.is(logarithm(1), 0);
  assert.is(logarithm(5e-324), -744.4400719213812);
  assert.is(logarithm(2 ** 1023), 709.0895657128241);
  for (const x of [1 + 2 ** -52, 1 - 2 ** -53]) assert.ok(isNearestLogarithm(x, logarithm(x)));
});

test("power: integers, and fractions whose power is a rational comparison", () => {
  const base = fc.oneof(
    fc.double({ min: 1e-3, max: 1.5, noNaN: true }),
    fc.constantFrom(0.1, 0.5, 0.9, 0.97, 0.999, 2, 3),
  );
  const property = fc.property(base, fc.integer({ min: -80, max: 80 }), fc.constantFrom(1, 2, 4), (x, n, q) => {
    const y = power(x, n / q);
    return n === 0 || x === 1 ? y === 1 : isNearestPower(x, n, q, y);
  });
  fc.assert(property, RUNS);
});

test("power: ties go to even, small results are rounded once, what is too large is infinite", () => {
  // 262143³ has 54 bits, so it lies halfway between two numbers.
  assert.is(power(262143 ** 2, 1.5), 18014192351838208);
  assert.is(power(262143, 3), 18014192351838208);
  assert.is(power(4, 0.5), 2);
  assert.is(power(2, -1074), 5e-324);
  assert.is(power(2, -1075), 0);
  assert.is(power(3, -677.5), 5e-324);
  assert.is(power(2, 1023), 2 ** 1023);
  for (const [x, p] of [
    [2, 1024],
    [10, 308.26],
    [0.5, -1e300],
    [0, -1],
  ] as const) {
    assert.is(power(x, p), Number.POSITIVE_INFINITY);
  }
  for (const [x, p] of [
    [0.5, 1e300],
    [10, -400],
    [0, 2],
  ] as const)
    assert.is(power(x, p), 0);
  assert.is(power(0, 0), 1);
  assert.is(power(1, 1e300), 1);
  assert.is(power(Number.POSITIVE_INFINITY, -1), 0);
  assert.ok(Number.isNaN(power(2, Number.NaN)));
});

test.run();
