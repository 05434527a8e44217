// Everything that a step can do, at every size and alignment, against the rule written for reading; and nothing beside touched.

import { createEngine } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DAMPENING, DECAY, FIRST, MAXIMIZE, MOMENTUM, NESTEROV, SCALE, ZERO } from "../../../src/kernel/flags.js";
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

const SCALARS = { negativeLr: -0.1, weightDecay: 0.01, momentum: 0.9, undamped: 0.7, factor: -0.7, clip: 0.3 };
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

/** Every sum of flags that means something: those of momentum only with it. */
const RULES = Array.from({ length: 256 }, (_, flags) => flags).filter(
  (flags) => flags & MOMENTUM || !(flags & (NESTEROV | DAMPENING | FIRST)),
);

const NAMES = { MOMENTUM, NESTEROV, DECAY, DAMPENING, FIRST, MAXIMIZE, SCALE, ZERO };
const nameOf = (flags: number) =>
  Object.entries(NAMES)
    .filter(([, flag]) => flags & flag)
    .map(([name]) => name.toLowerCase())
    .join(" ") || "plain";

/** The three arrays as they go in, and as they must come out. */
function expectations(dtype: DType, flags: number) {
  const [p, g, b] = inputs(dtype);
  const { negativeLr, weightDecay, momentum, undamped, factor, clip } = SCALARS;
  const round = dtype === "float32" ? Math.fround : (x: number) => x;
  const scaled = (x: number) => (flags & SCALE ? round(round(x * round(factor)) * round(clip)) : x);
  const rule = {
    dtype,
    rounding,
    lr: -negativeLr,
    momentum: flags & MOMENTUM ? momentum : 0,
    dampening: flags & DAMPENING ? 1 - undamped : 0,
    weightDecay: flags & DECAY ? weightDecay : 0,
    nesterov: Boolean(flags & NESTEROV),
    maximize: Boolean(flags & MAXIMIZE),
  };
  const [newP, newB] = [p.slice(), b.slice()];
  for (let i = 0; i < PERIOD; i++) {
    const after = step(rule, p[i], scaled(g[i]), flags & FIRST ? null : b[i]);
    newP[i] = after.p;
    if (flags & MOMENTUM) newB[i] = after.b!;
  }
  const newG = flags & ZERO ? g.map(() => 0) : g;
  return { before: [p, g, b].map(repeated), after: [newP, newG, newB].map(repeated) };
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

  const all = alignments(width);
  /** The rules without flags of the general loop have loops of their own: those are tried at every alignment. */
  const own = (flags: number) => (flags & ~(MOMENTUM | NESTEROV | DECAY)) === 0;

  for (const flags of RULES) {
    const name = `${dtype} ${nameOf(flags)}`;
    test(`${name} is right for every size and alignment`, () => {
      const { before, after } = expectations(dtype, flags);
      const bytes = new Uint8Array(memory.buffer);
      SIZES.forEach((size, turn) => {
        for (const offsets of own(flags) ? all : [all[(flags + turn) % all.length]]) {
          const addresses = offsets.map((offset, i) => 1024 + i * room + GUARD + offset);
          const where = () => `${name}, ${size} elements, offsets ${offsets}`;
          addresses.forEach((address, i) => {
            bytes.fill(0xa5, address - GUARD, address);
            bytes.fill(0xa5, address + size * width, address + size * width + GUARD);
            new (before[i].constructor as Float32ArrayConstructor)(memory.buffer, address, size).set(
              before[i].subarray(0, size),
            );
          });
          const [p, g, b] = addresses;
          kernel[dtype].sgd(flags, p, g, b, size, SCALARS);
          addresses.forEach((address, i) => {
            check(bytes, address, after[i], size, where);
          });
        }
      });
      record(`kernel ${name}`, after[0].subarray(0, PERIOD));
    });
  }

  test(`${dtype} a large span, walked at several places, gives the same`, () => {
    // From 4 MiB on: with nothing, little and much left over.
    const sizes = [0, 1, 4099].map((more) => 2 ** 22 / width + more);
    const most = sizes[sizes.length - 1];
    const large = new WebAssembly.Memory({ initial: 195 });
    const { sgd } = kernelOf(createEngine({ rounding, memory: large, allocate: () => 16, free: () => {} }))[dtype];
    const ArrayType = (width === 4 ? Float32Array : Float64Array) as Float32ArrayConstructor;
    for (const flags of [0, MOMENTUM | DECAY, MOMENTUM | NESTEROV, 255]) {
      const { before, after } = expectations(dtype, flags);
      for (const size of sizes) {
        const addresses = [0, 1, 2].map((i) => 1024 + i * (most * width + 128) + width);
        const arrays = addresses.map((address) => new ArrayType(large.buffer, address - width, size + 2));
        arrays.forEach((array, which) => {
          array.fill(0.75);
          for (let i = 0; i < size; i++) array[i + 1] = before[which][i % PERIOD];
        });
        const [p, g, b] = addresses;
        sgd(flags, p, g, b, size, SCALARS);
        arrays.forEach((array, which) => {
          const wanted = after[which];
          for (let i = 0; i < size; i++) {
            if (!Object.is(array[i + 1], wanted[i % PERIOD])) assert.unreachable(`flags ${flags}: ${i} of ${size}`);
          }
          assert.equal([array[0], array[size + 1]], [0.75, 0.75]);
        });
      }
    }
  });

  test(`${dtype} allFinite finds one NaN or infinity at any place, before and after scaling`, () => {
    const { allFinite } = kernel[dtype];
    const address = 1024 + width;
    const largest = dtype === "float32" ? 2 ** 127 : 2 ** 1023;
    for (const size of [0, 1, 2, 3, 4, 5, 31, 1000]) {
      const x = new (width === 4 ? Float32Array : Float64Array)(memory.buffer, address - width, size + 2);
      x.fill(Number.NaN);
      x.fill(largest, 1, size + 1);
      assert.is(allFinite(address, size, 1), 1);
      if (size > 0) assert.is(allFinite(address, size, 2), 0, `${size} elements, scaled`);
      for (let i = 1; i <= size; i++) {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          x[i] = bad;
          assert.is(allFinite(address, size, 0.5), 0, `${bad} at ${i - 1} of ${size}`);
        }
        x[i] = -largest;
      }
    }
  });
}

test.run();
