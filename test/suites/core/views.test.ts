// Views of parameters and gradients that are kept: valid from the last parameter on.

import { clipGradNorm, clipGradValue, createEngine, type Engine, type Parameter, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../../support/bits.js";
import { rounding } from "../../support/context.js";

const PAGE = 65536;
const test = suite("views");

/** All that a training loop does. None of it may grow the memory. */
function train(params: readonly Parameter[]): void {
  const options = { lr: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true };
  for (const parameter of params) parameter.grad = new Array(parameter.size).fill(1);
  const plain = new SGD(params, { lr: 0.1 });
  plain.step();
  const optimizer = new SGD(params, options);
  optimizer.step();
  optimizer.step({ maxGradNorm: 1, gradScale: 0.5, skipNonfinite: true, zeroGrad: true });
  const saved = optimizer.stateDict();
  optimizer.zeroGrad({ setToNone: true });
  clipGradNorm(params, 1);
  for (const parameter of params) parameter.ensureGrad().fill(1);
  clipGradNorm(params, 1);
  clipGradValue(params, 0.5);
  optimizer.dispose();
  const resumed = new SGD(params, options);
  resumed.loadStateDict(saved);
  resumed.step();
  resumed.dispose();
}

function assertKept(engine: Engine, make: () => Parameter[], what: string): void {
  const params = make();
  const { buffer } = engine.memory;
  const views = params.map(({ data }) => data);
  train(params);
  const gradients = params.map((parameter) => parameter.ensureGrad());
  assert.is(engine.memory.buffer, buffer, `${what}: the memory has grown`);
  params.forEach((parameter, i) => {
    assert.is(views[i], parameter.data, what);
    assert.is(gradients[i], parameter.grad, what);
  });
}

test("stay valid for every size of a layer", () => {
  for (let n = 1; n < 200; n++) {
    const engine = createEngine({ rounding });
    assertKept(engine, () => [engine.parameter([64, n]), engine.parameter(n)], `size ${n}`);
  }
});

test("stay valid in a network, after others were disposed, and among dtypes", () => {
  for (let n = 1; n < 60; n += 7) {
    const engine = createEngine({ rounding, initialBytes: 5000 });
    const make = () => [
      engine.parameter([64, n]),
      engine.parameter(n, { dtype: "float64" }),
      engine.parameter([n, 10]),
      engine.parameter(0),
    ];
    const [first, , third] = make();
    first.ensureGrad();
    third.ensureGrad();
    first.dispose();
    assertKept(engine, make, `size ${n}`);
    third.dispose();
    assertKept(engine, make, `size ${n}, again`);
  }
});

test("stay valid for folds of one optimizer after the other", () => {
  const engine = createEngine({ rounding });
  const params = [3000, 77, 5000].map((n) => engine.parameter(n));
  const { buffer } = engine.memory;
  for (const parameter of params) parameter.ensureGrad().fill(1);
  const { allocatedBytes } = engine.info;
  for (let fold = 0; fold < 100; fold++) {
    const optimizer = new SGD(fold % 2 ? [...params].reverse() : params, { lr: 0.1, momentum: 0.9 });
    optimizer.step();
    optimizer.dispose();
    assert.is(engine.info.allocatedBytes, allocatedBytes);
  }
  assert.is(engine.memory.buffer, buffer);
});

test("room that was made is not filled: the memory grows by a parameter's three parts", () => {
  const engine = createEngine({ rounding });
  engine.parameter(16 * PAGE);
  assert.is(engine.info.allocatedBytes, 64 * PAGE);
  const { byteLength } = engine.memory.buffer;
  assert.ok(byteLength >= 3 * 64 * PAGE);
  assert.ok(byteLength <= 3 * 64 * PAGE * 1.3);
});

test("at maximumBytes room goes to who comes first, as far as it reaches", () => {
  const engine = createEngine({ rounding, maximumBytes: PAGE });
  const params = [0, 1].map(() => engine.parameter(7680, { data: new Float32Array(7680).fill(2) }));
  assert.throws(() => params[0].ensureGrad(), /out of memory/);
  params[1].dispose();
  params[0].ensureGrad().fill(1);
  const optimizer = new SGD([params[0]], { lr: 1, momentum: 0.5 });
  assert.throws(() => optimizer.step(), /out of memory/);
  assertSameBits(params[0].data, new Float32Array(7680).fill(2));
});

test("at maximumBytes a new parameter may take the place that a disposed optimizer left", () => {
  const engine = createEngine({ rounding, maximumBytes: 2 * PAGE });
  const parameter = engine.parameter(10000);
  parameter.ensureGrad().fill(1);
  const optimizer = new SGD([parameter], { lr: 1, momentum: 0.5 });
  optimizer.step();
  assert.throws(() => engine.parameter(10000), /out of memory/);
  optimizer.dispose();
  const other = engine.parameter(10000, { data: new Float32Array(10000).fill(7) });
  assert.throws(() => optimizer.step(), /out of memory/);
  assertSameBits(other.data, new Float32Array(10000).fill(7));
  other.dispose();
  optimizer.step();
  assertSameBits(parameter.data, new Float32Array(10000).fill(-2));
  parameter.dispose();
  assert.is(engine.info.allocatedBytes, 0);
});

test("the message when there is no room says who holds the memory, and what helps", () => {
  const engine = createEngine({ rounding, maximumBytes: 16 * PAGE });
  const parameter = engine.parameter(PAGE / 4);
  parameter.ensureGrad().fill(1);
  const optimizers: SGD[] = [];
  const message =
    /^out of memory: 65536 bytes were asked for, 983040 of 1048576 are in use: parameters and gradients hold 131072 bytes, optimizers 851968 \(786432 of them by optimizers before the latest on their parameters\)\. What helps is parameter\.dispose\(\), optimizer\.dispose\(\), or a higher maximumBytes$/;
  assert.throws(
    () => {
      for (;;) {
        const optimizer = new SGD([parameter], { lr: 1, momentum: 0.5 });
        optimizers.push(optimizer);
        optimizer.step();
      }
    },
    (error: Error) => error instanceof RangeError && message.test(error.message),
  );
  optimizers[3].dispose();
  optimizers[optimizers.length - 1].step();
});

(Symbol.dispose ? test : test.skip)("`using` gives an optimizer's memory back", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(10);
  parameter.ensureGrad();
  const { allocatedBytes } = engine.info;
  {
    using optimizer = new SGD([parameter], { lr: 1, momentum: 0.5 });
    optimizer.step();
    assert.ok(engine.info.allocatedBytes > allocatedBytes);
  }
  assert.is(engine.info.allocatedBytes, allocatedBytes);
});

test.run();
