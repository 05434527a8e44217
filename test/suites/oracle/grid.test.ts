// Every combination of options on parameters of many sizes, against what PyTorch computed, bit for bit.

import { createEngine, type Parameter, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import f32 from "../../fixtures/data/grid_f32.json.gz";
import f64 from "../../fixtures/data/grid_f64.json.gz";
import separate from "../../fixtures/data/separate.json";
import { sha256, sha256Of } from "../../reference/sha256.js";
import { DTYPE, type ShortType } from "../../reference/spelling.js";
import { bytesOf, canonicalBytes, toHex } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

interface GridCase {
  id: string;
  seed: number;
  lr: number;
  momentum: number;
  dampening: number;
  weight_decay: number;
  nesterov: boolean;
  maximize: boolean;
  p: string[];
  big_sha256: string[][];
  m: string | null;
  m_big_sha256: string[] | null;
  big_final?: string[];
}

interface Grid {
  dtype: ShortType;
  sizes: number[];
  steps: number;
  cases: GridCase[];
}

/** Parameters up to this size are written out, larger ones hashed. */
const LARGE = 200;
const hashes: Record<string, string[]> = separate.grid;
const test = suite("grid");
/** One for all cases: some engines of JavaScript take a millisecond to make one. */
const engine = createEngine({ rounding });

const hexOfSmall = (arrays: readonly ArrayBufferView[]) => arrays.filter(isSmall).map(toHex).join("");
const hashesOfLarge = (arrays: readonly ArrayBufferView[]) =>
  arrays.filter((array) => !isSmall(array)).map((array) => sha256(bytesOf(array)));

function isSmall(array: ArrayBufferView): boolean {
  return (array as Float32Array).length <= LARGE;
}

/** Runs a case; yields parameters and buffers after each step. */
function* run(grid: Grid, { seed, weight_decay: weightDecay, ...options }: GridCase, foreach: boolean | null) {
  const dtype = DTYPE[grid.dtype];
  const next = mulberry32(seed);
  const params = grid.sizes.map((size) => engine.parameter(size, { dtype, data: values(next, size, dtype) }));
  const { lr, momentum, dampening, nesterov, maximize } = options;
  const optimizer = new SGD(params, { lr, momentum, dampening, weightDecay, nesterov, maximize, foreach });
  for (let step = 0; step < grid.steps; step++) {
    for (const parameter of params) parameter.grad = values(next, parameter.size, dtype);
    optimizer.step();
    yield { step, data: params.map((parameter) => parameter.data), buffers: buffersOf(optimizer, params) };
  }
  for (const parameter of params) parameter.dispose();
}

function buffersOf(optimizer: SGD, params: readonly Parameter[]): ArrayBufferView[] {
  return params.flatMap((parameter) => optimizer.state.get(parameter)?.momentumBuffer ?? []);
}

function checkFused(grid: Grid, expected: GridCase, foreach: boolean | null): void {
  for (const { step, data, buffers } of run(grid, expected, foreach)) {
    const where = `${expected.id}, foreach ${foreach}, step ${step}`;
    assert.is(hexOfSmall(data), expected.p[step], where);
    assert.equal(hashesOfLarge(data), expected.big_sha256[step], where);
    if (step < grid.steps - 1) continue;
    assert.is(buffers.length, expected.m === null ? 0 : grid.sizes.length, where);
    assert.is(hexOfSmall(buffers), expected.m ?? "", where);
    assert.equal(hashesOfLarge(buffers), expected.m_big_sha256 ?? [], where);
    if (expected.big_final) assert.equal(data.filter((array) => !isSmall(array)).map(toHex), expected.big_final, where);
  }
}

function checkSeparate(grid: Grid, expected: GridCase, foreach: boolean | null): void {
  for (const { step, data, buffers } of run(grid, expected, foreach)) {
    const hash = sha256Of([...data, ...buffers].map(canonicalBytes));
    assert.is(hash, hashes[expected.id][step], `${expected.id}, foreach ${foreach}, step ${step}`);
  }
}

for (const grid of [f32, f64] as Grid[]) {
  for (const foreach of [false, true, null]) {
    test(`${grid.dtype} gives PyTorch's bits in every case with foreach ${foreach}`, () => {
      assert.ok(grid.cases.length >= 60);
      for (const expected of grid.cases) (rounding === "fused" ? checkFused : checkSeparate)(grid, expected, foreach);
    });
  }

  test(`${grid.dtype} gives the same bits on every runtime`, () => {
    for (const expected of grid.cases) {
      for (const { step, data, buffers } of run(grid, expected, null)) {
        if (step === grid.steps - 1) for (const array of [...data, ...buffers]) record(`grid, ${grid.dtype}`, array);
      }
    }
  });
}

test("hashes as the standard's examples say", () => {
  const text = (string: string) => sha256(new TextEncoder().encode(string));
  assert.is(text(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.is(text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const twoBlocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  assert.is(text(twoBlocks), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
});

test.run();
