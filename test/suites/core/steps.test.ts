// Steps: over parameters from everywhere, lists that change, closures, and errors that leave everything as it was.

import { clipGradNorm, createEngine, type Parameter, SGD } from "sgd-wasm";
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

test("a step with options reports the norm before clipping, and what it skipped", () => {
  const params = [make().parameter(2), make().parameter(1, { dtype: "float64" })];
  const optimizer = new SGD(params, { lr: 1 });
  const gradients = () => {
    params[0].grad = [6, 0];
    params[1].grad = [8];
  };
  gradients();
  const expected = clipGradNorm(params, 1);
  gradients();
  assert.equal(optimizer.step({ maxGradNorm: 1 }), { gradNorm: expected, skipped: false });
  assert.equal(optimizer.step(null, { maxGradNorm: 2, gradScale: 0.5 }), { gradNorm: 5, skipped: false });
  assert.equal(optimizer.step(undefined, { zeroGrad: true }), { gradNorm: null, skipped: false });
  assert.equal(optimizer.step({}), { gradNorm: null, skipped: false });
  assert.is(
    optimizer.step(() => "loss", { maxGradNorm: 1 }),
    "loss",
  );
  assert.is(optimizer.step(), undefined);
  assert.is(optimizer.step(null), undefined);
});

test("skipNonfinite skips a step whose scaled gradients are not finite: nothing changes but gradients that were to be zeroed", () => {
  for (const dtype of ["float32", "float64"] as const) {
    const largest = dtype === "float32" ? 3e38 : 1e308;
    for (const [value, gradScale, skipped] of [
      [Number.NaN, 1, true],
      [Number.POSITIVE_INFINITY, 0.5, true],
      [Number.NEGATIVE_INFINITY, 1, true],
      [largest, 1, false],
      [largest, 4, true],
      [0, Number.POSITIVE_INFINITY, true],
      [0, Number.NaN, true],
      [-largest, 0.25, false],
    ] as const) {
      for (let at = 0; at < 11; at++) {
        const engine = make();
        const params = [3, 7, 1].map((n) => engine.parameter(n, { dtype }));
        const optimizer = new SGD(params, { lr: 0, momentum: 0.5 });
        withGradients(params);
        const place = at < 3 ? 0 : at < 10 ? 1 : 2;
        params[place].grad![at - [0, 3, 10][place]] = value;
        const { allocatedBytes } = engine.info;
        const report = optimizer.step({ gradScale, skipNonfinite: true, zeroGrad: true });
        assert.equal(report, { gradNorm: null, skipped }, `${value} by ${gradScale} at ${at}`);
        assert.is(optimizer.state.size, skipped ? 0 : 3);
        assert.is(engine.info.allocatedBytes === allocatedBytes, skipped);
        for (const { data, grad } of params) {
          assertSameBits(data, new Array(data.length).fill(0));
          assertSameBits(grad!, new Array(data.length).fill(0));
        }
      }
    }
  }
});

test("skipNonfinite looks at rows of sparse gradients, and leaves gradients that are not to be zeroed", () => {
  const parameter = make().parameter([3, 2], { data: [1, 2, 3, 4, 5, 6] });
  const optimizer = new SGD([parameter], { lr: 1, momentum: 0.5 });
  parameter.ensureGrad().fill(Number.NaN);
  parameter.grad = { indices: Int32Array.of(1), values: [1, 1] };
  assert.is(optimizer.step({ skipNonfinite: true }).skipped, false);
  parameter.grad = { indices: Int32Array.of(1), values: [Number.NaN, 1] };
  const buffer = optimizer.state.get(parameter)!.momentumBuffer!;
  assert.is(optimizer.step({ skipNonfinite: true }).skipped, true);
  assertSameBits(parameter.data, [1, 2, 2, 3, 5, 6]);
  assertSameBits(optimizer.state.get(parameter)!.momentumBuffer!, buffer);
  assert.is(parameter.sparseGrad!.indices.length, 1);
});

test("a closure that returns a promise is refused, and nothing is stepped", async () => {
  const parameter = make().parameter(1);
  parameter.grad = [1];
  const optimizer = new SGD([parameter], { lr: 1 });
  assert.throws(() => optimizer.step(async () => 3), /returned a promise.*await the gradients, then call step/);
  assertSameBits(parameter.data, [0]);
});

test("arguments of step that are neither closure nor options are refused by name", () => {
  const optimizer = new SGD([make().parameter(1)], { lr: 1 });
  const wrong: [unknown[], RegExp][] = [
    [[3], /step takes a closure, options such as .* got number/],
    [[[]], /got Array/],
    [[{ maxGradNorm: 1 }, { zeroGrad: true }], /options once.*step\(closure, options\)/],
    [[{ maxGradNorm: "1" }], /maxGradNorm must be a number, got string/],
    [[{ skipNonfinite: 1 }], /skipNonfinite must be true or false, got number/],
    [[{ zeroGrad: "no" }], /zeroGrad must be true or false, got string/],
    [[null, 3], /options of step must be an object, got number/],
    [[{ maxNorm: 1 }], /step has no option 'maxNorm'/],
  ];
  for (const [args, message] of wrong) {
    assert.throws(() => (optimizer.step as (...args: unknown[]) => unknown).apply(optimizer, args), message);
  }
});

test("zeroGrad takes a boolean or { setToNone }", () => {
  const parameter = make().parameter(2);
  const optimizer = new SGD([parameter], { lr: 1 });
  for (const [options, expected] of [
    [undefined, [0, 0]],
    [false, [0, 0]],
    [{}, [0, 0]],
    [{ setToNone: false }, [0, 0]],
    [true, null],
    [{ setToNone: true }, null],
  ] as const) {
    parameter.grad = [1, 2];
    optimizer.zeroGrad(options);
    assert.equal(parameter.grad && [...parameter.grad], expected);
  }
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
