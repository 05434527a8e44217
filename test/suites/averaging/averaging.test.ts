// Averages in use: the formulas at every size and position, exchanging, memory, state dicts, and what is refused.

import fc from "fast-check";
import { createEngine, type Parameter, SGD } from "sgd-wasm";
import { AveragedModel, type AveragedModelOptions, type AveragedModelState } from "sgd-wasm/averaging";
import { decodeTorch, encodeTorch } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { averaged, type Kind } from "../../reference/averaging.js";
import { assertSameBits } from "../../support/bits.js";
import { callsOf } from "../../support/calls.js";
import { rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

const test = suite("averages");
type DType = "float32" | "float64";

const SPECIAL = [0, -0, Infinity, -Infinity, Number.NaN, 1, -1, 3e38, 1e-45, -5e-324, 1.7e308, 0.1];
const NAMES = ["layer.0.weight", "layer.0.bias", "scale"];

function start(options: AveragedModelOptions = {}, dtype: DType = "float32", engine = createEngine({ rounding })) {
  const next = mulberry32(9);
  const shapes = [[2, 3], [5], []];
  const params = shapes.map((shape, i) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return engine.parameter(shape, { dtype, name: NAMES[i], data: values(next, size, dtype) });
  });
  const average = new AveragedModel(params, options);
  const move = () => {
    for (const { data, size } of params) data.set(values(next, size, dtype));
  };
  return { engine, params, average, move };
}

const copiesOf = (params: readonly Parameter[]) => params.map(({ data }) => data.slice());

test("every formula at every size and count is the reference's, and nothing beyond is touched", () => {
  const element = fc.oneof({ weight: 3, arbitrary: fc.double({ noNaN: true }) }, fc.constantFrom(...SPECIAL));
  const property = fc.property(
    fc.constantFrom<Kind>("swa", "ema", "swa_multi", "ema_multi"),
    fc.constantFrom<DType>("float32", "float64"),
    fc.constantFrom(0.999, 0.9, 0.55, 0.5, 0.45, 0.3, 1, 0.01),
    fc.constantFrom(1, 2, 3, 255, 70001, 2 ** 24, 2 ** 24 + 1),
    fc.array(fc.tuple(element, element), { minLength: 1, maxLength: 40 }),
    (kind, dtype, decay, count, elements) => {
      const [method, formula = "single"] = kind.split("_") as ["swa" | "ema", "multi" | undefined];
      const engine = createEngine({ rounding });
      const parameter = engine.parameter(elements.length, { dtype, data: elements.map(([old]) => old) });
      const average = new AveragedModel([parameter], { method, decay, formula });
      const guard = engine.parameter(16, { dtype, data: new Array(16).fill(7) });
      const old = average.params[0].data.slice();
      parameter.data.set(elements.map(([, value]) => value));
      const value = parameter.data.slice();
      average.nAveraged = count;
      average.update();
      const expected = Array.from(old, (a, i) => averaged(kind, dtype, rounding, [a, value[i]], count, decay));
      assertSameBits(average.params[0].data, expected);
      assertSameBits(parameter.data, value);
      assert.equal([...guard.data], new Array(16).fill(7));
      engine.dispose();
    },
  );
  fc.assert(property, { seed: 11, numRuns: 300 });
});

/** Averages after two updates of `size` elements that repeat one list. */
function repeated(dtype: DType, size: number, period: number): Parameter["data"] {
  const next = mulberry32(5);
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(size, { dtype });
  const average = new AveragedModel([parameter], { method: "ema" });
  for (let update = 0; update < 2; update++) {
    const list = values(next, period, dtype);
    for (let i = 0; i < size; i += period) parameter.data.set(list.subarray(0, Math.min(period, size - i)), i);
    average.update();
  }
  return average.params[0].data;
}

test("a span that is walked at several places has the bits of a short one", () => {
  const period = 10_007;
  for (const dtype of ["float32", "float64"] as const) {
    const expected = repeated(dtype, period, period);
    const places = 2 ** 22 / expected.BYTES_PER_ELEMENT;
    for (const size of [places, places + 301]) {
      const actual = repeated(dtype, size, period);
      for (let i = 0; i < size; i += period) {
        const part = actual.slice(i, i + period);
        assertSameBits(part, expected.slice(0, part.length), `${dtype}, ${size} elements, from ${i}`);
      }
    }
  }
});

test("the defaults are PyTorch's: a mean by avg_fn, or 0.999 by multi_avg_fn", () => {
  for (const [options, kind, decay] of [
    [{}, "swa", 0],
    [{ method: "ema" }, "ema_multi", 0.999],
    [{ method: "ema", formula: "single" }, "ema", 0.999],
    [{ formula: "multi" }, "swa_multi", 0],
  ] as const) {
    const { params, average, move } = start(options);
    average.update();
    const old = copiesOf(average.params);
    move();
    average.update();
    average.params.forEach(({ data }, p) => {
      const expected = Array.from(old[p], (a, i) =>
        averaged(kind, "float32", rounding, [a, params[p].data[i]], 1, decay),
      );
      assertSameBits(data, expected);
    });
  }
});

test("the first update copies, whatever the averages were", () => {
  const { params, average, move } = start({ method: "ema", decay: 1 });
  assert.equal(copiesOf(average.params), copiesOf(params));
  move();
  average.update();
  assert.equal(copiesOf(average.params), copiesOf(params));
  assert.is(average.nAveraged, 1);
  const held = copiesOf(params);
  move();
  average.update();
  // A decay of 1 keeps what is there.
  assert.equal(copiesOf(average.params), held);
  assert.is(average.nAveraged, 2);
});

test("the averages have the parameters' order, names, shapes and types, also where names are given", () => {
  const { params, average } = start({}, "float64");
  assert.equal(
    average.params.map(({ name }) => name),
    NAMES,
  );
  assert.equal(
    average.params.map(({ shape }) => shape),
    params.map(({ shape }) => shape),
  );
  assert.equal(
    average.params.map(({ dtype }) => dtype),
    ["float64", "float64", "float64"],
  );
  const byName = new AveragedModel({ first: params[0], second: params[1] });
  assert.equal(
    byName.params.map(({ name }) => name),
    ["first", "second"],
  );
  const pairs = new AveragedModel(
    new Map([
      ["z", params[2]],
      ["a", params[0]],
    ]),
  );
  assert.equal(
    pairs.params.map(({ name }) => name),
    ["z", "a"],
  );
  const twice = new AveragedModel([params[0], params[0]]);
  assert.is(twice.params.length, 1);
});

test("an average takes as many bytes as its parameter, and nothing for gradients and buffers", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(100_000);
  const before = engine.info.allocatedBytes;
  const length = engine.memory.buffer.byteLength;
  const average = new AveragedModel([parameter], { method: "ema" });
  assert.is(engine.info.allocatedBytes - before, 400_000);
  assert.ok(engine.memory.buffer.byteLength - length <= 400_000 + 16 * 2 ** 20);
  average.update();
  average.update();
  average.swap();
  average.swap();
  assert.is(engine.info.allocatedBytes - before, 400_000);
  average.dispose();
  average.dispose();
  assert.is(engine.info.allocatedBytes, before);
  assert.throws(() => average.update(), /was disposed/);
  assert.throws(() => average.swap(), /was disposed/);
  assert.throws(() => average.stateDict(), /was disposed/);
});

test("nothing is left over when memory runs out", () => {
  const engine = createEngine({ rounding, maximumBytes: 65536 * 4 });
  const params = [engine.parameter(20_000), engine.parameter(20_000)];
  const before = engine.info.allocatedBytes;
  assert.throws(
    () => new AveragedModel(params),
    (error: Error) => error.name === "RangeError",
  );
  assert.is(engine.info.allocatedBytes, before);
});

test("swap exchanges the values and takes them back, at every size", () => {
  for (const n of [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33]) {
    for (const dtype of ["float32", "float64"] as const) {
      const engine = createEngine({ rounding });
      const next = mulberry32(n);
      const params = [n, n + 1].map((size) => engine.parameter(size, { dtype, data: values(next, size, dtype) }));
      const average = new AveragedModel(params);
      for (const { data, size } of params) data.set(values(next, size, dtype));
      const [live, held] = [copiesOf(params), copiesOf(average.params)];
      average.swap();
      assert.equal([copiesOf(params), copiesOf(average.params)], [held, live]);
      average.swap();
      assert.equal([copiesOf(params), copiesOf(average.params)], [live, held]);
    }
  }
});

test("while swapped there is no update and no load, and a state dict is still the averages'", () => {
  const { average, move } = start();
  average.update();
  move();
  const state = average.stateDict();
  average.swap();
  assert.throws(() => average.update(), /swapped: call swap\(\) first/);
  assert.throws(() => average.loadStateDict(state), /swapped: call swap\(\) first/);
  assert.equal(average.stateDict(), state);
  average.swap();
  average.update();
  assert.is(average.nAveraged, 2);
});

test("a disposed parameter is an error that changes nothing", () => {
  const { params, average } = start();
  average.update();
  const held = copiesOf(average.params);
  params[1].dispose();
  assert.throws(() => average.update(), /"layer.0.bias" of shape \[5\] was disposed/);
  assert.is(average.nAveraged, 1);
  assert.equal(copiesOf(average.params), held);
});

test("averages of training parameters stay when the memory grows", () => {
  const { engine, params, average, move } = start({ method: "ema", decay: 0.5 });
  const optimizer = new SGD(params, { lr: 0.1, momentum: 0.9 });
  average.update();
  for (let i = 0; i < 3; i++) {
    for (const parameter of params) parameter.grad = new Array(parameter.size).fill(1);
    optimizer.step();
    engine.parameter(1_000_000);
    average.update();
  }
  move();
  assert.is(average.nAveraged, 4);
  for (const { data } of average.params) assert.ok(data.every(Number.isFinite));
});

test("a state dict has PyTorch's keys, goes through torch's format, and is a snapshot", () => {
  const { average, move } = start();
  average.update();
  move();
  average.update();
  const state = average.stateDict();
  assert.equal(Object.keys(state), ["n_averaged", ...NAMES.map((name) => `module.${name}`)]);
  assert.equal(state.n_averaged, { dtype: "int64", shape: [], data: BigInt64Array.of(2n) });
  const other = start().average;
  other.loadStateDict(decodeTorch(encodeTorch(state)) as AveragedModelState);
  assert.is(other.nAveraged, 2);
  assert.equal(copiesOf(other.params), copiesOf(average.params));
  const held = structuredClone(state);
  move();
  average.update();
  assert.equal({ ...state }, held);
});

test("a state dict of other types is rounded, and what else is in it is left alone", () => {
  const { average } = start();
  const wide = start({}, "float64").average;
  const state: AveragedModelState = { ...wide.stateDict(), n_averaged: 5 };
  Object.assign(state, { "module.bn.running_mean": { dtype: "float32", shape: [1], data: Float32Array.of(1) } });
  average.loadStateDict(state);
  assert.is(average.nAveraged, 5);
  average.params.forEach(({ data }, i) => {
    assertSameBits(data, Float32Array.from(wide.params[i].data));
  });
  average.loadStateDict(new Map(Object.entries(state)) as never);
});

test("parameters without names go by their position", () => {
  const engine = createEngine({ rounding });
  const average = new AveragedModel([engine.parameter(1, { data: [1] }), engine.parameter(1, { data: [2] })]);
  const state = average.stateDict();
  assert.equal(Object.keys(state), ["n_averaged", "module.0", "module.1"]);
  average.params[0].data[0] = 9;
  average.loadStateDict(state);
  assert.is(average.params[0].data[0], 1);
});

test("adjacent parameters are one pass of the kernel, with the bits of a pass for each", () => {
  const engine = createEngine({ rounding });
  const next = mulberry32(5);
  const sizes = [64, 32, 5, 7, 16];
  const dtypes: DType[] = ["float32", "float32", "float32", "float32", "float64"];
  const params = sizes.map((size, i) => engine.parameter(size, { dtype: dtypes[i] }));
  // The third fills no whole vector, so that the fourth does not go on where it ends.
  for (const method of ["swa", "ema"] as const) {
    const together = new AveragedModel(params, { method });
    const alone = params.map((parameter) => new AveragedModel([parameter], { method }));
    for (let i = 0; i < 3; i++) {
      for (const { data, size, dtype } of params) data.set(values(next, size, dtype as DType));
      const calls = callsOf(engine, "float32", "average", () => together.update());
      assert.is(calls, i === 0 ? 0 : 2);
      for (const average of alone) average.update();
    }
    together.params.forEach(({ data }, i) => {
      assertSameBits(data, alone[i].params[0].data);
    });
    const live = copiesOf(params);
    const averages = copiesOf(together.params);
    assert.is(
      callsOf(engine, "kernel", "swap", () => together.swap()),
      3,
    );
    assert.equal([copiesOf(params), copiesOf(together.params)], [averages, live]);
    const backwards = new AveragedModel([...params].reverse(), { method });
    backwards.swap();
    assert.equal([copiesOf(params), copiesOf(backwards.params).reverse()], [averages, averages]);
  }
});

test("two parameters with one name are averaged, but a state dict would lose one", () => {
  const engine = createEngine({ rounding });
  const params = [1, 2].map((value) => engine.parameter(1, { data: [value], name: "w" }));
  const average = new AveragedModel(params);
  average.update();
  const message = /^two parameters are called "w": a state dict needs new AveragedModel\(\{ name: parameter/;
  assert.throws(() => average.stateDict(), message);
  assert.throws(() => average.loadStateDict({ n_averaged: 1 }), message);
  const [a, b] = params;
  assert.equal(Object.keys(new AveragedModel({ a, b }).stateDict()), ["n_averaged", "module.a", "module.b"]);
});

test("a state dict that does not fit is refused, with nothing changed", () => {
  const { average } = start();
  average.update();
  const state = average.stateDict();
  const tensor = (shape: number[], n: number) => ({ dtype: "float32" as const, shape, data: new Float32Array(n) });
  const { "module.scale": _, ...without } = state;
  const refused: [unknown, RegExp][] = [
    [undefined, /must be an object, got undefined/],
    [[], /must be an object, got Array/],
    [without, /^the state dict has no "module.scale"$/],
    [{ ...state, n_averaged: -1 }, /n_averaged must be an int64 tensor or an integer from 0 on/],
    [{ ...state, n_averaged: 1.5 }, /n_averaged must be/],
    [{ ...without, "module.scale": null }, /module.scale must be an object, got null/],
    [
      { ...state, "module.scale": tensor([2], 2) },
      /module.scale has data of a different size: 2 elements of shape \[2\], but belongs to/,
    ],
    [{ ...state, "module.layer.0.bias": tensor([5, 1], 5) }, /: 5 elements of shape \[5,1\]/],
    [{ ...state, "module.layer.0.bias": { ...tensor([5], 5), dtype: "int64" } }, /must be float32, float64/],
  ];
  const held = copiesOf(average.params);
  for (const [dict, message] of refused) {
    assert.throws(() => average.loadStateDict(dict as AveragedModelState), message);
    assert.equal(copiesOf(average.params), held);
    assert.is(average.nAveraged, 1);
  }
});

test("what cannot be averaged is refused by name", () => {
  const { params } = start();
  const refused: [() => unknown, RegExp, string][] = [
    [
      () => new AveragedModel(undefined as never),
      /^params must be an array, a Map or an object of parameters/,
      "TypeError",
    ],
    [
      () => new AveragedModel([new Float32Array(1)] as never),
      /^params must hold parameters, got Float32Array/,
      "TypeError",
    ],
    [() => new AveragedModel(params, { decay: 1.5 }), /^Invalid decay value 1.5 provided/, "RangeError"],
    [() => new AveragedModel(params, { decay: Number.NaN }), /^Invalid decay value NaN/, "RangeError"],
    [() => new AveragedModel(params, { decay: "1" as never }), /^decay must be a number, got string/, "TypeError"],
    [
      () => new AveragedModel(params, { method: "mean" as never }),
      /^method must be "swa" or "ema", got "mean"/,
      "TypeError",
    ],
    [
      () => new AveragedModel(params, { formula: 1 as never }),
      /^formula must be "single" or "multi", got 1/,
      "TypeError",
    ],
    [() => new AveragedModel(params, { deckay: 1 } as never), /AveragedModel has no option 'deckay'/, "TypeError"],
  ];
  for (const [run, message, name] of refused) {
    assert.throws(run, (error: Error) => {
      assert.match(error.message, message);
      assert.is(error.name, name);
      return true;
    });
  }
});

test.run();
