// An engine, its parameters and its memory; and one whole path from a gradient to an update.

import { createEngine, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

const PAGE = 65536;
const test = suite("engine");

test("says how it rounds", () => {
  const { info } = createEngine({ rounding });
  assert.is(info.rounding, rounding);
  assert.is(info.threads, 1);
  assert.is(info.allocatedBytes, 0);
  assert.is(info.fma === "none", rounding === "separate");
});

test("rounds fused by default", () => {
  assert.is(createEngine().info.rounding, "fused");
});

test("refuses options that it does not know", () => {
  assert.throws(() => createEngine({ roundign: "fused" } as object), /no option 'roundign'/);
  assert.throws(() => createEngine({ rounding: "twice" as "fused" }), /"fused" or "separate", got "twice"/);
});

test("makes parameters of zeros, or of a copy of data", () => {
  const engine = createEngine({ rounding });
  const data = [1, -2, 3.5, 0.1, 5, 6];
  const matrix = engine.parameter([2, 3], { data, name: "matrix" });
  assert.equal([...matrix.shape], [2, 3]);
  assert.is(matrix.size, 6);
  assert.is(matrix.dtype, "float32");
  assert.is(matrix.name, "matrix");
  assert.is(matrix.address % 64, 0);
  assert.ok(matrix.address > 0);
  assertSameBits(matrix.data, data);
  assertSameBits(engine.parameter(3, { dtype: "float64" }).data, new Float64Array(3));
  assert.is(engine.parameter([]).size, 1);
  assert.is(engine.parameter(0).data.length, 0);
});

test("has no gradient until there is one", () => {
  const parameter = createEngine({ rounding }).parameter(2);
  assert.is(parameter.grad, null);
  assertSameBits(parameter.ensureGrad(), [0, 0]);
  parameter.ensureGrad()[1] = 7;
  assertSameBits(parameter.grad!, [0, 7]);
  parameter.grad = new Float32Array([3, 4]);
  assertSameBits(parameter.grad!, [3, 4]);
  parameter.grad = null;
  assert.is(parameter.grad, null);
  assertSameBits(parameter.ensureGrad(), [0, 0]);
});

test("refuses a gradient of another length or type and keeps the old one", () => {
  const parameter = createEngine({ rounding }).parameter(2);
  parameter.grad = [1, 2];
  assert.throws(() => {
    parameter.grad = [1, 2, 3];
  }, /expected 2 elements/);
  assert.throws(() => {
    parameter.grad = new Float64Array(2);
  }, /expected Float32Array, got Float64Array: convert it with Float32Array.from/);
  assertSameBits(parameter.grad!, [1, 2]);
});

test("keeps what it hands out valid while the memory grows", () => {
  const engine = createEngine({ rounding });
  const small = engine.parameter(3, { data: [1, 2, 3] });
  small.grad = [4, 5, 6];
  const before = engine.memory.buffer.byteLength;
  engine.parameter(PAGE);
  assert.ok(engine.memory.buffer.byteLength > before);
  assertSameBits(small.data, [1, 2, 3]);
  assertSameBits(small.grad!, [4, 5, 6]);
  small.data[0] = 9;
  assertSameBits(small.data, [9, 2, 3]);
});

test("reserves initialBytes, for gradients and momentum buffers as well", () => {
  const engine = createEngine({ rounding, initialBytes: 3 * PAGE });
  const before = engine.memory.buffer.byteLength;
  assert.ok(before >= 3 * PAGE);
  engine.parameter(PAGE / 4);
  assert.is(engine.memory.buffer.byteLength, before);
  engine.parameter(PAGE / 4);
  assert.ok(engine.memory.buffer.byteLength >= 6 * PAGE);
});

test("uses the memory of a disposed parameter again", () => {
  const engine = createEngine({ rounding });
  const first = engine.parameter(1000);
  first.ensureGrad();
  const { address } = first;
  const { allocatedBytes } = engine.info;
  first.dispose();
  assert.is(engine.info.allocatedBytes, 0);
  assert.throws(() => first.data, /was disposed/);
  assert.throws(() => first.ensureGrad(), /was disposed/);
  const second = engine.parameter(1000);
  second.ensureGrad();
  assert.is(second.address, address);
  assert.is(engine.info.allocatedBytes, allocatedBytes);
  assertSameBits(second.data, new Float32Array(1000));
});

test("frees everything when it is disposed", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(10);
  parameter.ensureGrad();
  engine.dispose();
  assert.is(engine.info.allocatedBytes, 0);
  assert.throws(() => parameter.data, /was disposed/);
  assert.throws(() => engine.parameter(1), /the engine was disposed/);
  engine.dispose();
});

test("is as it was after running out of memory", () => {
  const engine = createEngine({ rounding, maximumBytes: 4 * PAGE });
  const kept = engine.parameter(4, { data: [1, 2, 3, 4] });
  const { allocatedBytes } = engine.info;
  const isOutOfMemory = (error: Error) => error instanceof RangeError && /out of memory/.test(error.message);
  assert.throws(() => engine.parameter(PAGE), isOutOfMemory);
  assert.is(engine.info.allocatedBytes, allocatedBytes);
  assertSameBits(kept.data, [1, 2, 3, 4]);
  assert.is(engine.parameter(16).address, kept.address + 16);
});

test("takes a step of plain SGD", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(5, { data: [1, 2, 3, 4, 5] });
  const optimizer = new SGD([parameter], { lr: 0.5 });
  parameter.grad = [2, -2, 4, 0, 1];
  optimizer.step();
  assertSameBits(parameter.data, [0, 3, 1, 4, 4.5]);
  assertSameBits(parameter.grad!, [2, -2, 4, 0, 1]);
});

test("takes steps with momentum, decay and Nesterov", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(1, { data: [1], dtype: "float64" });
  const optimizer = new SGD([parameter], { lr: 0.5, momentum: 0.5, weightDecay: 0.25, nesterov: true });
  parameter.grad = [1];
  optimizer.step();
  // g = 1 + 0.25, b = g, the direction g + 0.5 b = 1.875
  assertSameBits(parameter.data, [0.0625]);
  optimizer.step();
  // g = 1 + 0.25 / 16, b = 0.5 · 1.25 + g = 1.640625, the direction g + 0.5 b = 1.8359375
  assertSameBits(parameter.data, [0.0625 - 1.8359375 / 2]);
});

for (const dtype of ["float32", "float64"] as const) {
  test(`gives the same bits everywhere after twenty steps of ${dtype}`, () => {
    const engine = createEngine({ rounding });
    const next = mulberry32(20);
    const parameters = [1, 2, 3, 5, 8, 17, 33, 1001].map((n) =>
      engine.parameter(n, { dtype, data: values(next, n, dtype) }),
    );
    const optimizer = new SGD(parameters, { lr: 0.1, momentum: 0.9, weightDecay: 0.01, dampening: 0.1 });
    for (let step = 0; step < 20; step++) {
      for (const parameter of parameters) parameter.grad = values(next, parameter.size, dtype);
      optimizer.step();
    }
    for (const parameter of parameters) record(`engine, twenty steps of ${dtype}`, parameter.data);
  });
}

test.run();
