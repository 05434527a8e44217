// Every variant of the kernel, at every size and alignment, against the rule written for reading; and nothing beside touched.

import { createEngine } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SCALED, VARIANTS, ZEROED } from "../../../src/kernel/variants.js";
import { hardOperands } from "../../reference/hard-operands.js";
import { kernelOf } from "../../reference/internals.js";
import { step } from "../../reference/sgd.js";
import type { FloatArray } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

type DType = "float32" | "float64";

const VECTOR = 16;
const GUARD = 32;
/** Elements repeat with this period, a prime, so that each of them meets every place in a vector. */
const PERIOD = 1009;
const LARGEST = 65537;
const SMALL = Array.from({ length: 71 }, (_, n) => n);
const SIZES = [...SMALL, 999, 1000, 1001, 65535, 65536, LARGEST];

const OPTIONS = { lr: 0.1, momentum: 0.9, weightDecay: 0.01 };
const memory = new WebAssembly.Memory({ initial: 48 });
const kernel = kernelOf(createEngine({ rounding, memory, allocate: () => 16, free: () => {} }));
const test = suite("kernel");

/** Ordinary values, with hard operands and special values among them. */
function inputs(dtype: DType): FloatArray[] {
  const next = mulberry32(5);
  const arrays = [0, 1, 2].map(() => values(next, PERIOD, dtype));
  for (let i = 0; i < PERIOD; i += 7) {
    hardOperands(next, dtype, i).forEach((x, which) => {
      arrays[which][i] = x;
    });
  }
  return arrays;
}

/** `array` again and again, up to the largest size. */
function repeated<A extends FloatArray>(array: A): A {
  const all = new (array.constructor as new (length: number) => A)(LARGEST);
  for (let i = 0; i < LARGEST; i++) all[i] = array[i % PERIOD];
  return all;
}

type Variant = (typeof VARIANTS)[number];

/** How the step is called: on the gradients as they are, or on scaled ones, which stay or are zeroed. */
const WAYS = [
  { way: "", add: 0 },
  { way: " scaled", add: SCALED },
  { way: " scaled and zeroed", add: ZEROED },
] as const;
const FACTOR = -0.7;
const CLIP = 0.3;

/** The three arrays as they go in, and as they must come out. */
function expectations(dtype: DType, { momentum, nesterov, damped, decay }: Variant, way: (typeof WAYS)[number]["way"]) {
  const [p, g, b] = inputs(dtype);
  const round = dtype === "float32" ? Math.fround : (x: number) => x;
  const scaled = (x: number) => (way === "" ? x : round(round(x * round(FACTOR)) * round(CLIP)));
  const rule = {
    dtype,
    rounding,
    lr: OPTIONS.lr,
    momentum: momentum ? OPTIONS.momentum : 0,
    dampening: damped ? 0.3 : 0,
    weightDecay: decay ? OPTIONS.weightDecay : 0,
    nesterov,
    maximize: false,
  };
  const [newP, newB] = [p.slice(), b.slice()];
  for (let i = 0; i < PERIOD; i++) {
    const after = step(rule, p[i], scaled(g[i]), b[i]);
    newP[i] = after.p;
    newB[i] = after.b!;
  }
  const newG = way === " scaled and zeroed" ? g.map(() => 0) : g;
  return { before: [p, g, b].map(repeated), after: [newP, newG, newB].map(repeated), undamped: 1 - rule.dampening };
}

/** Fails unless the memory at `address` holds `size` elements of `expected` between untouched guards. */
function check(bytes: Uint8Array, address: number, expected: FloatArray, size: number, where: () => string): void {
  const end = address + size * expected.BYTES_PER_ELEMENT;
  for (let i = 1; i <= GUARD; i++) {
    if (bytes[address - i] !== 0xa5 || bytes[end + i - 1] !== 0xa5) throw new Error(`${where()}: a guard was touched`);
  }
  const isSingle = expected instanceof Float32Array;
  const actual = isSingle
    ? new Float32Array(memory.buffer, address, size)
    : new Float64Array(memory.buffer, address, size);
  for (let i = 0; i < size; i++) {
    if (!Object.is(actual[i], expected[i])) {
      throw new Error(`${where()}: element ${i} is ${actual[i]}, expected ${expected[i]}`);
    }
  }
}

/** Byte offsets of p, g and b from a multiple of 16: all that the elements allow. */
function alignments(width: number): number[][] {
  const offsets = Array.from({ length: VECTOR / width }, (_, i) => i * width);
  return offsets.flatMap((p) => offsets.flatMap((g) => offsets.map((b) => [p, g, b])));
}

for (const dtype of ["float32", "float64"] as const) {
  const width = dtype === "float32" ? 4 : 8;
  const room = (LARGEST * width + 2 * GUARD + 2 * VECTOR + 63) & ~63;

  const cases = VARIANTS.flatMap((variant, index) =>
    WAYS.map(({ way, add }) => ({ variant, index: index + add, way })),
  );
  for (const { variant, index, way } of cases) {
    test(`${dtype} ${variant.name}${way} is right for every size and alignment`, () => {
      const { before, after, undamped } = expectations(dtype, variant, way);
      const bytes = new Uint8Array(memory.buffer);
      for (const size of SIZES) {
        for (const offsets of alignments(width)) {
          const addresses = offsets.map((offset, i) => 1024 + i * room + GUARD + offset);
          const where = () => `${dtype} ${variant.name}${way}, ${size} elements, offsets ${offsets}`;
          addresses.forEach((address, i) => {
            bytes.fill(0xa5, address - GUARD, address);
            bytes.fill(0xa5, address + size * width, address + size * width + GUARD);
            new (before[i].constructor as Float32ArrayConstructor)(memory.buffer, address, size).set(
              before[i].subarray(0, size),
            );
          });
          const [p, g, b] = addresses;
          const { lr, momentum, weightDecay } = OPTIONS;
          const { sgd } = kernel[dtype];
          sgd(index, p, g, b, size, -lr, weightDecay, momentum, variant.damped ? undamped : momentum, FACTOR, CLIP);
          addresses.forEach((address, i) => {
            check(bytes, address, after[i], size, where);
          });
        }
      }
      record(`kernel ${dtype} ${variant.name}${way}`, after[0].subarray(0, PERIOD));
    });
  }
}

test("lists every variant once", () => {
  assert.is(new Set(VARIANTS.map(({ name }) => name)).size, VARIANTS.length);
  const combinations = VARIANTS.map(
    ({ momentum, nesterov, damped, decay }) => `${momentum} ${nesterov} ${damped} ${decay}`,
  );
  assert.is(new Set(combinations).size, VARIANTS.length);
  // Dampening without momentum is nothing, so 5 of 6 combinations, with and without decay.
  assert.is(VARIANTS.length, 10);
});

test.run();
