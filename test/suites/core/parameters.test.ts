// Parameters as users handle them: shapes, data, gradients, views, memory.

import { createEngine, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../../support/bits.js";
import { rounding } from "../../support/context.js";

const PAGE = 65536;
const test = suite("parameters");
const make = () => createEngine({ rounding });

test("have any shape, scalars and empty ones included", () => {
  const engine = make();
  const shapes: [number | number[], number[], number][] = [
    [3, [3], 3],
    [[], [], 1],
    [[2, 3, 4], [2, 3, 4], 24],
    [[5, 0], [5, 0], 0],
    [0, [0], 0],
  ];
  for (const [given, shape, size] of shapes) {
    const parameter = engine.parameter(given);
    assert.equal([...parameter.shape], shape);
    assert.is(parameter.size, size);
    assert.is(parameter.data.length, size);
    parameter.grad = new Float32Array(size);
    new SGD([parameter], { lr: 1, momentum: 0.5 }).step();
  }
});

test("refuse shapes and data that make no sense, and take no memory for them", () => {
  const engine = make();
  for (const shape of [-1, 1.5, Number.NaN, [2, -3], [Number.POSITIVE_INFINITY]]) {
    assert.throws(() => engine.parameter(shape), /dimension must be an integer from 0/, String(shape));
  }
  assert.throws(() => engine.parameter("3" as never), /dimension must be an integer/);
  assert.throws(() => engine.parameter(2 ** 31), /bytes must be an integer from 0 to 4294967296, got 8589934592/);
  assert.throws(() => engine.parameter(2, { dtype: "int8" as never }), /dtype must be/);
  assert.throws(() => engine.parameter(2, { data: [1] }), /data has 1 elements, but the shape has 2/);
  assert.throws(
    () => engine.parameter(2, { data: ["1", 2] as never }),
    /data must be an array of numbers, got string at index 0/,
  );
  assert.throws(() => engine.parameter(2, { data: [1, undefined] as never }), /data must be an array of numbers/);
  assert.throws(() => engine.parameter(2, { data: 7 as never }), /data must be an array of numbers, got number$/);
  assert.throws(() => engine.parameter(2, { data: new BigInt64Array(2) as never }), /numbers/);
  assert.throws(() => engine.parameter(2, { address: 64 }), /address/);
  assert.is(engine.info.allocatedBytes, 0);
});

test("take data of every kind of array, rounded to their type", () => {
  const engine = make();
  assertSameBits(engine.parameter(2, { data: [0.1, 1e39] }).data, [0.1, Number.POSITIVE_INFINITY]);
  assertSameBits(engine.parameter(2, { data: new Float64Array([0.1, -0]) }).data, [0.1, -0]);
  assertSameBits(engine.parameter(2, { data: new Uint8Array([1, 255]), dtype: "float64" }).data, [1, 255]);
  assertSameBits(engine.parameter(1, { data: { length: 1, 0: 5 } }).data, [5]);
});

test("refuse gradients of another length or type, and keep the one they had", () => {
  const parameter = make().parameter(2);
  parameter.grad = [1, 2];
  const wrong: [unknown, RegExp][] = [
    [[1], /different size: expected 2 elements \(shape \[2\]\), got 1/],
    [new Float64Array(2), /different type: expected Float32Array, got Float64Array/],
    [["1", 2], /grad must be an array of numbers, got string at index 0/],
    [[1, null], /grad must be an array of numbers, got null at index 1/],
    [new BigInt64Array(2), /numbers/],
  ];
  for (const [value, message] of wrong) {
    assert.throws(() => {
      parameter.grad = value as never;
    }, message);
    assertSameBits(parameter.grad!, [1, 2]);
  }
  parameter.grad = new Int32Array([3, -4]);
  assertSameBits(parameter.grad!, [3, -4]);
});

test("take a Float16Array, where there are such, as a gradient of float16 only", () => {
  const { Float16Array } = globalThis as { Float16Array?: Float32ArrayConstructor };
  if (!Float16Array) return;
  const engine = make();
  for (const dtype of ["float32", "float64", "bfloat16"] as const) {
    const parameter = engine.parameter(2, { dtype });
    assert.throws(
      () => (parameter.grad = Float16Array.of(1, 2)),
      /different type: expected Float\d\dArray, got Float16Array/,
    );
    assert.is(parameter.grad, null);
  }
  const half = engine.parameter(2, { dtype: "float16" });
  half.grad = Float16Array.of(1, 2);
  assert.equal([...half.grad!], [0x3c00, 0x4000]);
});

test("take their own gradient and views of the same memory, also when that grows for it", () => {
  const engine = make();
  const n = PAGE;
  const source = engine.parameter(n, { data: Float32Array.from({ length: n }, (_, i) => i) });
  const { buffer } = engine.memory;
  const target = engine.parameter(n, { data: source.data });
  assert.is.not(engine.memory.buffer, buffer, "the memory has grown");
  assertSameBits(target.data, source.data);
  target.grad = source.data;
  assertSameBits(target.grad!, source.data);
  const own = target.grad;
  target.grad = own;
  assertSameBits(target.grad!, source.data);
});

test("give views that are right after growth, while old ones are detached", () => {
  const engine = make();
  const parameter = engine.parameter(2, { data: [1, 2] });
  const gradient = parameter.ensureGrad();
  gradient.set([3, 4]);
  const old = parameter.data;
  assert.is(parameter.data, old, "the same view as long as the memory stays");
  engine.parameter(PAGE);
  assert.is(old.length, 0);
  assert.is(gradient.length, 0);
  assertSameBits(parameter.data, [1, 2]);
  assertSameBits(parameter.grad!, [3, 4]);
});

test("lie at multiples of 16 bytes, never at address 0, and do not overlap", () => {
  const engine = make();
  const ranges: [number, number][] = [];
  for (const size of [0, 1, 15, 16, 17, 100]) {
    for (const dtype of ["float32", "float64"] as const) {
      const parameter = engine.parameter(size, { dtype });
      for (const view of [parameter.data, parameter.ensureGrad()]) {
        assert.is(view.byteOffset % 16, 0);
        assert.ok(view.byteOffset > 0);
        ranges.push([view.byteOffset, view.byteOffset + view.byteLength]);
      }
      assert.is(parameter.data.byteOffset, parameter.address);
    }
  }
  ranges.sort(([a], [b]) => a - b);
  ranges.slice(1).forEach(([start], i) => {
    assert.ok(start >= ranges[i][1]);
  });
});

test("take 12 bytes per element with gradient and momentum, within 1 %, and give all back", () => {
  const engine = make();
  const n = 100_000;
  const parameter = engine.parameter(n);
  parameter.ensureGrad();
  const optimizer = new SGD([parameter], { lr: 0.1, momentum: 0.9 });
  for (let i = 0; i < 3; i++) optimizer.step();
  assert.ok(engine.info.allocatedBytes >= 12 * n);
  assert.ok(engine.info.allocatedBytes <= 12 * n * 1.01);
  parameter.dispose();
  assert.is(engine.info.allocatedBytes, 0);
});

test("memory is used again after dispose, momentum buffers included", () => {
  const engine = make();
  let largest = 0;
  for (let i = 0; i < 20; i++) {
    const parameter = engine.parameter(3 * PAGE);
    parameter.ensureGrad();
    new SGD([parameter], { lr: 0.1, momentum: 0.9 }).step();
    if (i === 0) largest = engine.memory.buffer.byteLength;
    parameter.dispose();
    parameter.dispose();
  }
  assert.is(engine.memory.buffer.byteLength, largest);
});

test.run();
