// Rules that hold where hardly anybody looks: plans that must be made anew, memory that is full, duplicates, roundings.

import { clipGradNorm, createEngine, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../../support/bits.js";
import { rounding } from "../../support/context.js";

const PAGE = 65536;
const test = suite("edges");
const make = () => createEngine({ rounding });

test("a buffer that was dropped is made anew, and its place is not written to", () => {
  const engine = make();
  const parameter = engine.parameter(1);
  parameter.grad = [1];
  const optimizer = new SGD([parameter], { lr: 1, momentum: 0.5 });
  for (let i = 0; i < 3; i++) optimizer.step();
  optimizer.state.get(parameter)!.momentumBuffer = null;
  const other = engine.parameter(16, { data: new Float32Array(16).fill(7) });
  optimizer.step();
  assertSameBits(parameter.data, [-5.25]);
  assertSameBits(other.data, new Float32Array(16).fill(7));
});

test("adjacent addresses of two engines are two places", () => {
  const [one, two] = [make(), make()].map((engine) => [engine.parameter(16), engine.parameter(16)]);
  const params = [one[0], two[1]];
  for (const parameter of params) parameter.ensureGrad().fill(1);
  assert.is(params[0].address + 64, params[1].address);
  assert.is(params[0].gradAddress! + 64, params[1].gradAddress);
  new SGD(params, { lr: 1 }).step();
  for (const { data } of params) assertSameBits(data, new Float32Array(16).fill(-1));
});

test("a step that was refused is refused again", () => {
  const engine = make();
  const [dense, sparse] = [engine.parameter(2), engine.parameter(2)];
  dense.grad = [1, 1];
  sparse.grad = { indices: Int32Array.of(0), values: [1] };
  const optimizer = new SGD([dense, sparse], { lr: 1, momentum: 0.9 });
  optimizer.step();
  const [group] = optimizer.paramGroups;
  group.momentum = 0;
  sparse.grad = [1, 1];
  for (let i = 0; i < 2; i++) optimizer.step();
  group.momentum = 0.9;
  const before = dense.data.slice();
  for (let i = 0; i < 2; i++) assert.throws(() => optimizer.step());
  assertSameBits(dense.data, before);
});

test("a sparse buffer counts as one of an earlier step: dampening that is too large is refused", () => {
  const parameter = make().parameter(2);
  parameter.grad = { indices: Int32Array.of(0), values: [1] };
  const optimizer = new SGD([parameter], { lr: 1, momentum: 0.5 });
  optimizer.step();
  optimizer.paramGroups[0].dampening = -1e39;
  assert.throws(() => optimizer.step(), /without overflow/);
});

test("the second update of a sparse parameter that comes twice finds the buffer that the first one leaves", () => {
  const parameter = make().parameter(2, { data: [1, 0] });
  parameter.grad = { indices: Int32Array.of(0), values: [1] };
  const { warn } = console;
  console.warn = () => {};
  const optimizer = new SGD([parameter, parameter], { lr: 1, momentum: 0.5 });
  console.warn = warn;
  optimizer.step();
  optimizer.step();
  // Both updates of the first step start a buffer, as in PyTorch, which looks up all buffers first.
  assertSameBits(parameter.data, [-4.25, 0]);
  assertSameBits(optimizer.state.get(parameter)!.momentumBuffer!, [1.75, 0]);
});

test("names in one saved group only do not match anything", () => {
  const engine = make();
  const named = [engine.parameter(1, { name: "a" }), engine.parameter(1, { name: "b" })];
  const optimizer = new SGD([{ params: [named[0]] }, { params: [named[1]] }], { lr: 1, momentum: 0.5 });
  for (const [i, parameter] of named.entries()) parameter.grad = [i + 1];
  optimizer.step();
  const dict = optimizer.stateDict();
  dict.param_groups[0].param_names = ["b"];
  delete dict.param_groups[1].param_names;
  optimizer.loadStateDict(dict);
  assert.equal(
    named.map((parameter) => optimizer.state.get(parameter)!.momentumBuffer![0]),
    [1, 2],
  );
});

test("views of the engine's own memory are copied before that grows for the copy", () => {
  const engine = make();
  const n = 12_000;
  const source = engine.parameter(n, { data: Float32Array.from({ length: n }, (_, i) => i) });
  const { byteLength } = engine.memory.buffer;
  const copies = [source.data, source.data].map(() => engine.parameter(n, { data: source.data }));
  for (const { data } of copies) assertSameBits(data, source.data);
  const optimizers = Array.from({ length: 30 }, () => new SGD([source], { lr: 1 }));
  for (const optimizer of optimizers) optimizer.state.set(source, { momentumBuffer: source.data });
  for (const { state } of optimizers) assertSameBits(state.get(source)!.momentumBuffer!, source.data);
  assert.ok(engine.memory.buffer.byteLength > byteLength);
});

test("views of a memory that grows at every allocation are copied before it does", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const allocate = (bytes: number) => memory.grow(Math.ceil(bytes / PAGE)) * PAGE;
  const engine = createEngine({ rounding, memory, allocate, free() {} });
  const source = engine.parameter(4, { data: [1, 2, 3, 4] });
  const tensor = () => ({ dtype: "float32" as const, shape: [4], data: source.data });
  const [dense, whole, sparse, loaded] = [0, 1, 2, 3].map(() => engine.parameter(4));
  dense.grad = source.data;
  assertSameBits(dense.grad!, [1, 2, 3, 4]);
  whole.grad = tensor();
  assertSameBits(whole.grad!, [1, 2, 3, 4]);
  sparse.grad = { indices: Int32Array.of(3, 2, 1, 0), values: source.data };
  assertSameBits(sparse.sparseGrad!.values as Float32Array, [1, 2, 3, 4]);
  const optimizer = new SGD([loaded], { lr: 1 });
  optimizer.loadStateDict({ ...optimizer.stateDict(), state: { 0: { momentum_buffer: tensor() } } });
  assertSameBits(optimizer.state.get(loaded)!.momentumBuffer!, [1, 2, 3, 4]);
  assertSameBits(engine.parameter(4, { data: source.data }).data, [1, 2, 3, 4]);
});

test("room that is given back in any order is one again", () => {
  const engine = createEngine({ rounding, maximumBytes: PAGE });
  const params = [0, 1].map(() => engine.parameter(7680));
  for (const parameter of params) parameter.dispose();
  assert.is(engine.parameter(15360).size, 15360);
});

test("a memory that cannot grow by what is wished grows by what is needed", () => {
  const engine = createEngine({ rounding, initialBytes: 15 * PAGE });
  const { memory } = engine;
  const grow = memory.grow.bind(memory);
  memory.grow = (pages: number) => {
    if (memory.buffer.byteLength + pages * PAGE > 17 * PAGE) throw new RangeError("refused");
    return grow(pages);
  };
  const parameter = engine.parameter((17 * PAGE) / 4 - 16);
  assert.is(parameter.data.byteLength, 17 * PAGE - 64);
  assert.throws(() => engine.parameter(2 * PAGE), /out of memory/);
});

test("the small number that keeps clipping from dividing by 0 is rounded to float32", () => {
  const parameter = make().parameter(1);
  parameter.grad = [2.740000013545796e-7];
  clipGradNorm([parameter], 1e-7);
  assertSameBits(parameter.grad!, [2.150706635006827e-8]);
});

test.run();
