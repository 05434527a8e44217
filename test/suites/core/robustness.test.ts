// Uses that were not meant: each ends in an error that leaves everything as it was, or in what PyTorch gives.

import { createEngine, type Engine, type Parameter, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../../support/bits.js";
import { rounding } from "../../support/context.js";

const test = suite("robustness");

/** An engine whose memory is ours, so that allocations can be made to fail. */
function failingEngine(): { engine: Engine; fail: (now: boolean) => void } {
  const memory = new WebAssembly.Memory({ initial: 4 });
  let next = 64;
  let failing = false;
  const allocate = (bytes: number) => {
    if (failing) return 0;
    next += Math.ceil(bytes / 16) * 16;
    return next - Math.ceil(bytes / 16) * 16;
  };
  const engine = createEngine({ rounding, memory, allocate, free: () => {} });
  return { engine, fail: (now) => (failing = now) };
}

test("zeroing a sparse gradient needs no memory, so a step cannot fail after the update", () => {
  const { engine, fail } = failingEngine();
  const parameter = engine.parameter(3);
  parameter.grad = { indices: Int32Array.of(1), values: [4] };
  const optimizer = new SGD([parameter], { lr: 0.5 });
  optimizer.step(undefined, { zeroGrad: true });
  parameter.grad = { indices: Int32Array.of(1), values: [4] };
  fail(true);
  optimizer.step(undefined, { zeroGrad: true });
  assertSameBits(parameter.data, [0, -4, 0]);
  assert.is(parameter.sparseGrad?.indices.length, 0);
});

test("memory that is refused leaves a step undone at whatever allocation, and the next one right", () => {
  for (let at = 0; at < 8; at++) {
    const memory = new WebAssembly.Memory({ initial: 4 });
    let next = 64;
    let left = Number.POSITIVE_INFINITY;
    const allocate = (bytes: number) => {
      if (left-- <= 0) return 0;
      next += Math.ceil(bytes / 16) * 16;
      return next - Math.ceil(bytes / 16) * 16;
    };
    const engine = createEngine({ rounding, memory, allocate, free: () => {} });
    const [dense, sparse] = [engine.parameter(5, { data: [1, 2, 3, 4, 5] }), engine.parameter([3, 2])];
    dense.ensureGrad().fill(1);
    sparse.grad = { indices: Int32Array.of(2, 0), values: [1, 2, 3, 4] };
    const optimizer = new SGD([dense, sparse], { lr: 0.5, momentum: 0.5, nesterov: true, maximize: true });
    const before = [dense.data.slice(), sparse.data.slice()];
    const used = engine.info.allocatedBytes;
    left = at;
    let failed = false;
    try {
      optimizer.step();
    } catch (error) {
      failed = true;
      assert.match((error as Error).message, "out of memory");
      assertSameBits(dense.data, before[0]);
      assertSameBits(sparse.data, before[1]);
      assert.equal(optimizer.stateDict().state, {});
    }
    left = Number.POSITIVE_INFINITY;
    if (failed) {
      assert.ok(engine.info.allocatedBytes <= used + 16384, "nothing but the block for scaling may stay");
      optimizer.step();
    }
    assertSameBits(dense.data, [1.75, 2.75, 3.75, 4.75, 5.75]);
    assertSameBits(sparse.data, [2.25, 3, 0, 0, 0.75, 1.5]);
  }
});

test("a parameter that comes twice is updated twice before its gradient is zeroed", () => {
  const engine = createEngine({ rounding });
  const [together, apart] = [0, 1].map(() => engine.parameter(2, { data: [1, 2] }));
  const warn = console.warn;
  console.warn = () => {};
  const optimizers = [together, apart].map((p) => new SGD([p, p], { lr: 0.25 }));
  console.warn = warn;
  for (const parameter of [together, apart]) parameter.grad = [1, 2];
  optimizers[0].step(undefined, { zeroGrad: true });
  optimizers[1].step();
  assertSameBits(together.data, apart.data);
  assertSameBits(together.data, [0.5, 1]);
  assertSameBits(together.grad!, [0, 0]);
  engine.dispose();
});

test("single elements of coalesced sums are rounded twice, rows never: PyTorch's bits", () => {
  const engine = createEngine({ rounding });
  const x = 1 + 2 ** -12;
  const row = engine.parameter([2, 1], { data: [1, 1] });
  row.grad = { indices: Int32Array.of(0), values: [x] };
  new SGD([row], { lr: x }).step();
  // 1 - (1 + 2^-12)², with the last bit of the square or without.
  assert.is(row.data[0], rounding === "fused" ? -0.00048834085464477539 : -0.00048828125);

  const element = engine.parameter(3, { data: [1, 1, 1] });
  const optimizer = new SGD([element], { lr: x, momentum: 1 });
  element.grad = { indices: Int32Array.of(1), values: [0] };
  optimizer.step();
  element.grad = { indices: Int32Array.of(2), values: [x] };
  optimizer.step();
  assert.is(element.data[2], -0.00048828125);
  engine.dispose();
});

test("shapes, dtypes and options with other names than their own are refused", () => {
  const engine = createEngine({ rounding });
  const use = (f: () => unknown, text: RegExp) => assert.throws(f, (error: Error) => text.test(error.message));
  use(() => engine.parameter([1e200, 1e200, 0]), /dimension/);
  use(() => engine.parameter([2], { dtype: "toString" as never }), /dtype/);
  use(() => engine.parameter(2n as never), /dimension/);
  use(() => engine.parameter(2, [1, 2] as never), /options of a parameter must be an object, got Array/);
  use(() => engine.parameter(2, "float64" as never), /options of a parameter must be an object, got string/);
  use(() => createEngine(null as never), /options of createEngine must be an object, got null/);
  use(() => engine.parameter(2, { dta: [1, 2] } as never), /no option 'dta'/);
  const parameter: Parameter = engine.parameter(1);
  use(() => (parameter.grad = 3 as never), /grad must be an array of numbers, got number/);
  use(() => new SGD([parameter], { lr: 1 }).zeroGrad({ setToNnoe: true } as never), /no option 'setToNnoe'/);
  use(() => new SGD([parameter], { lr: 1 }).zeroGrad("none" as never), /takes true, false or \{ setToNone: true \}/);
  use(() => new SGD([parameter], { lr: 1 }).zeroGrad({ setToNone: 1 } as never), /setToNone must be true or false/);
  use(() => new SGD([parameter], { lr: 1, constructor: 1 } as never), /constructor/);
  const optimizer = new SGD([parameter], { lr: 1 });
  (optimizer.paramGroups[0] as Record<string, unknown>).weight_decay = 1;
  use(() => optimizer.step(), /weightDecay/);
  assert.is(engine.parameter(1).address % 16, 0, "the arena is whole");
  engine.dispose();
});

test("a momentum that becomes NaN after steps without one writes to nothing but its own parameter", () => {
  const engine = createEngine({ rounding });
  const before = engine.parameter(8, { data: [1, 2, 3, 4, 5, 6, 7, 8] });
  const parameter = engine.parameter(64, { data: new Float32Array(64).fill(1) });
  parameter.grad = new Float32Array(64).fill(0.5);
  const optimizer = new SGD([parameter], { lr: 0.1 });
  optimizer.step();
  optimizer.paramGroups[0].momentum = Number.NaN;
  optimizer.step();
  assertSameBits(before.data, [1, 2, 3, 4, 5, 6, 7, 8]);
  assertSameBits(optimizer.state.get(parameter)!.momentumBuffer!, new Float32Array(64).fill(0.5));
  engine.dispose();
});

test("a learning rate of 0 that changes its sign between steps is noticed", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(1, { data: [-0] });
  parameter.ensureGrad().fill(1);
  const optimizer = new SGD([parameter], { lr: 0 });
  optimizer.step();
  assertSameBits(parameter.data, [-0]); // -0 + -0·1
  optimizer.paramGroups[0].lr = -0;
  optimizer.step();
  assertSameBits(parameter.data, [0]); // -0 + 0·1
  engine.dispose();
});

test("steps need no memory, whatever they do to the gradients", () => {
  const { engine, fail } = failingEngine();
  const parameter = engine.parameter(3);
  const optimizer = new SGD([parameter], { lr: 0.5, maximize: true });
  const gradient = parameter.ensureGrad();
  fail(true);
  for (const zeroGrad of [false, true]) {
    for (const options of [{}, { gradScale: 2 }, { maxGradNorm: 1e9 }]) {
      gradient.fill(1);
      optimizer.step(undefined, { ...options, zeroGrad });
      assertSameBits(gradient, zeroGrad ? [0, 0, 0] : [1, 1, 1]);
    }
  }
  assertSameBits(parameter.data, [4, 4, 4]);
});

test("an option that is no number is the same error for dense and for sparse gradients", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(2);
  for (const grad of [[1, 1], { indices: Int32Array.of(1), values: [1] }]) {
    parameter.grad = grad;
    const optimizer = new SGD([parameter], { lr: 1 });
    optimizer.paramGroups[0].weightDecay = "x" as never;
    assert.throws(() => optimizer.step(), /weightDecay of a parameter group must be a number, got str/);
    optimizer.paramGroups[0].weightDecay = 0;
    optimizer.paramGroups[0].momentum = Symbol("x") as never;
    assert.throws(() => optimizer.step(), /momentum of a parameter group must be a number/);
  }
  assertSameBits(parameter.data, [0, 0]);
  engine.dispose();
});

test("a disposed parameter is refused in every step, with a gradient or without", () => {
  const engine = createEngine({ rounding });
  const [p, q] = [engine.parameter(1), engine.parameter(1)];
  p.ensureGrad().fill(1);
  const optimizer = new SGD([p, q], { lr: 1 });
  optimizer.step();
  q.dispose();
  assert.throws(() => optimizer.step(), /disposed/);
  assert.throws(() => optimizer.zeroGrad(), /disposed/);
  assert.throws(() => optimizer.loadStateDict(optimizer.stateDict()), /disposed/);
  assertSameBits(p.data, [-1]);
  engine.dispose();
  assert.is(engine.info.allocatedBytes, 0);
});

test("loading keeps sparse buffers when the memory runs out", () => {
  const { engine, fail } = failingEngine();
  const parameter = engine.parameter([3, 2]);
  parameter.grad = { indices: Int32Array.of(1), values: [4, 6] };
  const optimizer = new SGD([parameter], { lr: 1, momentum: 0.5 });
  optimizer.step();
  const saved = optimizer.stateDict();
  fail(true);
  assert.throws(() => optimizer.loadStateDict(saved), /out of memory/);
  assertSameBits(optimizer.state.get(parameter)!.momentumBuffer!, [0, 0, 4, 6, 0, 0]);
});

test("groups may carry what cannot be cloned", () => {
  const engine = createEngine({ rounding });
  const log = () => 1;
  const optimizer = new SGD([{ params: [engine.parameter(1)], log }], { lr: 1 });
  assert.is(optimizer.stateDict().param_groups[0].log, log);
  assert.match(optimizer.toString(), "log: ");
  engine.dispose();
});

test.run();
