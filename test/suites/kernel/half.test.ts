// The kernel on 16-bit elements: conversions against the definition of the formats, everything else against the rule written
// for reading, in float32 with one rounding at the end, and against PyTorch 2.

import { createEngine } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DAMPENING, DECAY, FIRST, MAXIMIZE, MOMENTUM, NESTEROV, SCALE, ZERO } from "../../../src/kernel/flags.js";
import { fusedMultiplyAdd } from "../../reference/exact.js";
import { fromHalf, type HalfType, halfBits, roundHalf } from "../../reference/half.js";
import { cases, type HalfCase, sizes } from "../../reference/half-fixture.js";
import { kernelOf } from "../../reference/internals.js";
import { step } from "../../reference/sgd.js";
import { sha256 } from "../../reference/sha256.js";
import { bytesOf } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

const TYPES = ["float16", "bfloat16"] as const;
const memory = new WebAssembly.Memory({ initial: 16 });
const kernel = kernelOf(createEngine({ rounding, memory, allocate: () => 16, free: () => {} }));
const test = suite("kernel, 16 bits");

const numberToHalf = (x: number, type: HalfType) => halfBits(roundHalf(x, type), type);
const halves = (address: number, n: number) => new Uint16Array(memory.buffer, address, n);
const isNaNBits = (bits: number, type: HalfType) => (bits & 0x7fff) > (type === "float16" ? 0x7c00 : 0x7f80);

/** All 65,536 elements there are. */
const ALL = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

for (const type of TYPES) {
  test(`${type}: every element is widened exactly`, () => {
    halves(1024, ALL.length).set(ALL);
    ALL.forEach((bits) => {
      if (isNaNBits(bits, type)) return;
      const sum = kernel[type].sumOfSquares(1024 + 2 * bits, 1, 1);
      if (sum !== fromHalf(bits, type) ** 2) assert.unreachable(`${bits}: the square is ${sum}`);
    });
    kernel[type].multiply(262144, 1024, ALL.length, 1, 1);
    const after = halves(262144, ALL.length);
    ALL.forEach((bits) => {
      if (after[bits] !== numberToHalf(fromHalf(bits, type), type)) assert.unreachable(`${bits}: ${after[bits]}`);
    });
  });

  test(`${type}: narrowing rounds to nearest, ties to even, around every element`, () => {
    const numbers = ALL.filter((bits) => !isNaNBits(bits, type)).map((bits) => bits);
    const inputs: number[] = [Number.NaN, 3.4e38, -3.4e38, 65519.996, 65520, 2 ** -149, -(2 ** -133)];
    for (const bits of numbers) {
      const here = fromHalf(bits, type);
      const middle = (here + fromHalf(bits + 1, type)) / 2;
      if (!Number.isFinite(middle)) continue;
      const ulp = Math.max(Math.abs(middle) * 2 ** -23, 2 ** -149);
      inputs.push(here, middle, middle - ulp, middle + ulp);
    }
    // A step from -0 with a gradient of 1 and -x as learning rate ends at x, at whatever place in its vectors.
    const n = 21;
    const p = halves(1024, n);
    halves(2048, n).fill(numberToHalf(1, type));
    const scalars = { negativeLr: 0, weightDecay: 0, momentum: 0, undamped: 1, factor: 1, clip: 1 };
    for (const input of inputs) {
      const x = Math.fround(input);
      p.fill(0x8000);
      kernel[type].sgd(0, 1024, 2048, 0, n, { ...scalars, negativeLr: x });
      const bits = numberToHalf(x, type);
      if (p.some((element) => element !== bits)) assert.unreachable(`${x}: ${p}, expected ${bits}`);
    }
  });

  test(`${type}: a step is the rule in float32, rounded once`, () => {
    const next = mulberry32(16);
    const scalars = { negativeLr: -0.05, weightDecay: 0.1, momentum: 0.9, undamped: 0.7, factor: -0.7, clip: 0.3 };
    for (let flags = 0; flags < 256; flags++) {
      if (!(flags & MOMENTUM) && flags & (NESTEROV | DAMPENING | FIRST)) continue;
      for (const n of [0, 1, 7, 8, 9, 15, 17, 61]) {
        const offset = (flags + n) % 8;
        const inputs = [0, 1, 2].map(() =>
          Uint16Array.from({ length: n }, () => {
            const u = next();
            return u % 5 === 0 ? u >>> 16 : numberToHalf((u / 2 ** 31 - 1) * 2 ** ((u % 7) - 3), type);
          }),
        );
        const addresses = [0, 1, 2].map((i) => 4096 + 512 * i + 2 * offset);
        new Uint8Array(memory.buffer, 4000, 2000).fill(0xa5);
        inputs.forEach((input, i) => {
          halves(addresses[i], n).set(input);
        });
        const [p, g, b] = addresses;
        kernel[type].sgd(flags, p, g, b, n, scalars);
        const expected = inputs.map((input) => input.slice());
        for (let i = 0; i < n; i++) {
          const [oldP, oldG, oldB] = inputs.map((input) => fromHalf(input[i], type));
          const after = step16(type, flags, scalars, oldP, oldG, oldB);
          expected[0][i] = after.p;
          if (flags & ZERO) expected[1][i] = 0;
          if (flags & MOMENTUM) expected[2][i] = after.b;
        }
        expected.forEach((array, which) => {
          const actual = halves(addresses[which] - 2, n + 2);
          const wanted = [0xa5a5, ...array, 0xa5a5];
          wanted.forEach((bits, i) => {
            if (actual[i] === bits) return;
            assert.unreachable(
              `flags ${flags}, ${n} elements, array ${which}, ${i - 1}: ${actual[i]}, expected ${bits}`,
            );
          });
        });
        record(`kernel ${type}`, expected[0]);
      }
    }
  });

  test(`${type}: a large span, walked at several places, gives what its pieces do`, () => {
    // From 16 MiB on.
    const large = new WebAssembly.Memory({ initial: 780 });
    const { sgd } = kernelOf(createEngine({ rounding, memory: large, allocate: () => 16, free: () => {} }))[type];
    const scalars = { negativeLr: -0.05, weightDecay: 0.1, momentum: 0.9, undamped: 0.7, factor: -0.7, clip: 0.3 };
    const size = 2 ** 23 + 999;
    const [next, small] = [mulberry32(20), 997];
    const patterns = [0, 1, 2].map(() => Uint16Array.from({ length: small }, () => next() >>> 16));
    const addresses = [0, 1, 2].map((i) => 1024 + i * (2 * size + 128));
    const piece = addresses[2] + 2 * size + 128;
    for (const flags of [0, MOMENTUM | DECAY, 255]) {
      const arrays = addresses.map((address) => new Uint16Array(large.buffer, address, size + 1));
      const pieces = [0, 1, 2].map((i) => new Uint16Array(large.buffer, piece + 2048 * i, small));
      arrays.forEach((array, which) => {
        pieces[which].set(patterns[which]);
        array.set(patterns[which]);
        for (let done = small; done <= size; done *= 2) array.copyWithin(done, 0, done);
      });
      const [p, g, b] = addresses;
      sgd(flags, p, g, b, size, scalars);
      sgd(flags, piece, piece + 2048, piece + 4096, small, scalars);
      arrays.forEach((array, which) => {
        for (let from = 0; from < size; from += small) {
          const count = Math.min(small, size - from);
          for (let i = 0; i < count; i++) {
            if (array[from + i] !== pieces[which][i]) assert.unreachable(`flags ${flags}: ${from + i}`);
          }
        }
        assert.is(array[size], patterns[which][size % small]);
      });
    }
  });

  test(`${type}: sums, scales, clamps and looks for what is not finite`, () => {
    const next = mulberry32(61);
    const { sumOfSquares, multiply, clamp, allFinite } = kernel[type];
    for (const n of [0, 1, 3, 4, 5, 64, 1003]) {
      const input = Uint16Array.from({ length: n }, () => numberToHalf(next() / 2 ** 31 - 1, type));
      const numbers = [...input].map((bits) => fromHalf(bits, type));
      const times = (x: number, factor: number) => roundHalf(Math.fround(x * roundHalf(factor, type)), type);
      const put = () => halves(4096, n).set(input);
      put();
      const exact = numbers.reduce((sum, x) => sum + times(x, 0.3) ** 2, 0);
      assert.ok(Math.abs(sumOfSquares(4096, n, 0.3) - exact) <= exact * 1e-12, `sum of ${n}`);
      multiply(8192, 4096, n, 0.3, -0.7);
      assert.equal(
        [...halves(8192, n)],
        numbers.map((x) => numberToHalf(times(times(x, 0.3), -0.7), type)),
      );
      clamp(4096, n, 0.3);
      const bound = roundHalf(0.3, type);
      assert.equal(
        [...halves(4096, n)],
        numbers.map((x) => numberToHalf(Math.min(Math.max(x, -bound), bound), type)),
      );
      put();
      assert.is(allFinite(4096, n, 0.5), 1);
      for (let i = 0; i < n; i++) {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          halves(4096, n)[i] = numberToHalf(bad, type);
          assert.is(allFinite(4096, n, 1), 0);
        }
        halves(4096, n)[i] = input[i];
      }
    }
    halves(4096, 1)[0] = numberToHalf(type === "float16" ? 65504 : 3e38, type);
    assert.is(allFinite(4096, 1, 1), 1);
    assert.is(allFinite(4096, 1, 2), 0);
  });
}

type Scalars = Parameters<(typeof kernel)["float16"]["sgd"]>[5];

/** The bits of parameter and buffer after a step. */
function step16(type: HalfType, flags: number, scalars: Scalars, p: number, g: number, b: number) {
  const scaled = (x: number, factor: number) => roundHalf(Math.fround(x * roundHalf(Math.fround(factor), type)), type);
  const gradient = flags & SCALE ? scaled(scaled(g, scalars.factor), scalars.clip) : g;
  const rule = {
    dtype: "float32",
    rounding,
    lr: -scalars.negativeLr,
    momentum: flags & MOMENTUM ? scalars.momentum : 0,
    dampening: flags & DAMPENING ? 1 - scalars.undamped : 0,
    weightDecay: flags & DECAY ? scalars.weightDecay : 0,
    nesterov: Boolean(flags & NESTEROV),
    maximize: Boolean(flags & MAXIMIZE),
  } as const;
  const after = step(rule, p, gradient, flags & FIRST ? null : b);
  return { p: numberToHalf(after.p, type), b: numberToHalf(after.b ?? 0, type) };
}

/** PyTorch's last n mod 16 elements, whose buffer it computes otherwise. */
function pytorchTail(c: HalfCase, type: HalfType, isFirst: boolean, p: number, g: number, b: number) {
  const fma = (x: number, k: number, z: number) => fusedMultiplyAdd(x, Math.fround(k), z, "float32");
  let d = c.maximize ? -g : g;
  if (c.weight_decay) d = fma(p, c.weight_decay, d);
  let buffer = b;
  if (c.momentum) {
    buffer = isFirst ? d : fma(b, c.momentum, Math.fround(d * Math.fround(1 - c.dampening)));
    d = c.nesterov ? fma(buffer, c.momentum, d) : buffer;
  }
  return [numberToHalf(fma(d, -c.lr, p), type), numberToHalf(buffer, type)];
}

if (rounding === "fused") {
  test("the bits are those of PyTorch 2 with fused=True", () => {
    for (const c of cases) {
      const type = c.dtype === "f16" ? "float16" : "bfloat16";
      const next = mulberry32(c.seed);
      const make = (n: number) => Uint16Array.from(values(next, n, "float32"), (x) => numberToHalf(x, type));
      const params = sizes.map(make);
      const buffers = sizes.map((n) => new Uint16Array(n));
      const scalars = {
        negativeLr: -c.lr,
        weightDecay: c.weight_decay,
        momentum: c.momentum,
        undamped: 1 - c.dampening,
      };
      let flags = (c.weight_decay ? DECAY : 0) | (c.maximize ? MAXIMIZE : 0);
      if (c.momentum) flags |= MOMENTUM | (c.nesterov ? NESTEROV : 0) | (c.dampening ? DAMPENING : 0);
      for (let turn = 0; turn < 4; turn++) {
        const isFirst = turn === 0;
        sizes.map(make).forEach((gradient, i) => {
          const n = gradient.length;
          const [p, g, b] = [4096, 16384, 32768];
          halves(p, n).set(params[i]);
          halves(g, n).set(gradient);
          halves(b, n).set(buffers[i]);
          kernel[type].sgd(isFirst && c.momentum ? flags | FIRST : flags, p, g, b, n, {
            ...scalars,
            factor: 1,
            clip: 1,
          });
          const after = [halves(p, n), halves(b, n)];
          for (let k = n - (n % 16); k < n; k++) {
            const [oldP, oldG, oldB] = [params[i], gradient, buffers[i]].map((array) => fromHalf(array[k], type));
            [after[0][k], after[1][k]] = pytorchTail(c, type, isFirst, oldP, oldG, oldB);
          }
          params[i].set(after[0]);
          buffers[i].set(after[1]);
        });
        assert.is(hashOf(params), c.sha256[turn], `${c.dtype}, seed ${c.seed}, step ${turn}`);
      }
      if (c.m !== null) assert.is(hashOf(buffers), c.m);
    }
  });
}

function hashOf(arrays: readonly Uint16Array[]): string {
  return sha256(bytesOf(Uint16Array.from(arrays.flatMap((array) => [...array]))));
}

test.run();
