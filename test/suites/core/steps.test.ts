// Steps: over parameters from everywhere, lists that change, closures, and errors that leave everything as it was.

import { createEngine, type Parameter, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../../support/bits.js";
import { rounding } from "../../support/context.js";

const PAGE = 65536;
const test = suite("steps");
const make = () => createEngine({ rounding });

function withGradients(params: readonly Parameter[]): void {
  for (const parameter of params) parameter.ensureGrad().fill(1);
}

test("from two engines train in one optimizer", () => {
  const params = [make().parameter(2), make().parameter(3, { dtype: "float64" }), make().parameter(1)];
  withGradients(params);
  new SGD(params, { lr: 0.5, momentum: 0.5 }).step();
  for (const { data } of params)
    assertSameBits(
      data,
      [...data].map(() => -0.5),
    );
});

test("come as lists, Sets, generators and single parameters of a group", () => {
  const engine = make();
  const params = [1, 2, 3].map((n) => engine.parameter(n));
  function* generator() {
    yield* params;
  }
  for (const given of [
    params,
    new Set(params),
    generator(),
    [{ params: generator() }],
    [{ params: new Set(params) }],
  ]) {
    assert.equal(new SGD(given, { lr: 1 }).paramGroups[0].params, params);
  }
  assert.equal(new SGD([{ params: params[0] }], { lr: 1 }).paramGroups[0].params, [params[0]]);
});

test("may be replaced in a group's list between steps", () => {
  const engine = make();
  const params = [engine.parameter(1), engine.parameter(1)];
  withGradients(params);
  const optimizer = new SGD([params[0]], { lr: 1 });
  optimizer.step();
  optimizer.step();
  optimizer.paramGroups[0].params[0] = params[1];
  optimizer.step();
  assert.equal(
    params.map(({ data }) => data[0]),
    [-2, -1],
  );
});

test("may be added to and taken from groups between steps", () => {
  const engine = make();
  const params = [1, 2, 3].map((n) => engine.parameter(n));
  const optimizer = new SGD([params[0]], { lr: 1 });
  withGradients(params);
  optimizer.step();
  optimizer.step();
  optimizer.paramGroups[0].params.push(params[1]);
  optimizer.step();
  optimizer.paramGroups[0].params = [params[1]];
  optimizer.step();
  optimizer.paramGroups.push({ ...optimizer.paramGroups[0], params: [params[2]], lr: 10 });
  optimizer.step();
  optimizer.paramGroups.shift();
  optimizer.step();
  assert.equal(
    params.map(({ data }) => data[0]),
    [-3, -3, -20],
  );
});

test("a list that was given is copied, a group that was given is the group", () => {
  const engine = make();
  const list = [engine.parameter(1)];
  const group = { params: list, lr: 2 };
  const { paramGroups } = new SGD([group], { lr: 1 });
  assert.is(paramGroups[0], group);
  assert.is.not(paramGroups[0].params, list);
});

test("a disposed parameter in a group is an error, and the step changes nothing", () => {
  const engine = make();
  const [first, second] = [engine.parameter(1), engine.parameter(1, { name: "gone" })];
  withGradients([first, second]);
  const optimizer = new SGD([first, second], { lr: 1, momentum: 0.5 });
  second.dispose();
  const { allocatedBytes } = engine.info;
  assert.throws(() => optimizer.step(), /"gone".*was disposed/);
  assertSameBits(first.data, [0]);
  assert.is(optimizer.state.size, 0);
  assert.is(engine.info.allocatedBytes, allocatedBytes);
  assert.throws(() => new SGD([second], { lr: 1 }), /disposed/);
});

test("an option that cannot be used is an error in the second group, and the first is not stepped", () => {
  const engine = make();
  const params = [engine.parameter(1), engine.parameter(1)];
  withGradients(params);
  const optimizer = new SGD([{ params: [params[0]] }, { params: [params[1]] }], { lr: 1, momentum: 0.5 });
  optimizer.paramGroups[1].lr = 1e39;
  assert.throws(() => optimizer.step(), /without overflow/);
  optimizer.paramGroups[1].lr = "1" as never;
  assert.throws(() => optimizer.step(), TypeError);
  assertSameBits(params[0].data, [0]);
  assert.is(optimizer.state.size, 0);
  optimizer.paramGroups[1].lr = 1;
  optimizer.step();
  assertSameBits(params[0].data, [-1]);
});

test("a closure is called once, before the step, and its value returned", () => {
  const parameter = make().parameter(1);
  const optimizer = new SGD([parameter], { lr: 1 });
  let calls = 0;
  const loss = optimizer.step(() => {
    calls++;
    parameter.grad = [2];
    return { loss: 5 };
  });
  assert.equal(loss, { loss: 5 });
  assert.is(calls, 1);
  assertSameBits(parameter.data, [-2]);
  assert.is(optimizer.step(), undefined);
});

test("an exception in a closure goes through, and nothing is stepped", () => {
  const parameter = make().parameter(1);
  parameter.grad = [1];
  const optimizer = new SGD([parameter], { lr: 1, momentum: 0.5 });
  const error = new Error("mine");
  const thrown = () => {
    throw error;
  };
  assert.throws(
    () => optimizer.step(thrown),
    (caught: unknown) => caught === error,
  );
  assertSameBits(parameter.data, [0]);
  assert.is(optimizer.state.size, 0);
});

test("running out of memory for a buffer leaves everything as it was", () => {
  const engine = createEngine({ rounding, maximumBytes: PAGE });
  const [small, large] = [engine.parameter(16), engine.parameter(6000)];
  withGradients([small, large]);
  const optimizer = new SGD([small, large], { lr: 1, momentum: 0.5 });
  const { allocatedBytes } = engine.info;
  assert.throws(() => optimizer.step(), /out of memory/);
  assert.is(engine.info.allocatedBytes, allocatedBytes);
  assert.is(optimizer.state.size, 0);
  assertSameBits(small.data, new Float32Array(16));
});

test("steps of a trained model touch the memory by the kernel only: they make no views", () => {
  const engine = make();
  const params = [3, 70, 1].map((n) => engine.parameter(n));
  withGradients(params);
  const optimizer = new SGD(params, { lr: 0.1, momentum: 0.9, weightDecay: 0.1 });
  const { memory } = engine;
  const { buffer } = memory;
  optimizer.step();
  let reads = 0;
  Object.defineProperty(memory, "buffer", {
    configurable: true,
    get() {
      reads++;
      return buffer;
    },
  });
  const [before] = params[0].data;
  assert.ok(reads > 0, "reading data is seen");
  reads = 0;
  for (let i = 0; i < 10; i++) optimizer.step();
  assert.is(reads, 0);
  assert.ok(params[0].data[0] < before);
});

test.run();
