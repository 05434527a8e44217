import { createEngine, SGD } from "sgd-wasm";
import {
  decodeSafetensors,
  decodeTorch,
  encodeSafetensors,
  encodeTorch,
  loadParameters,
  restoreParameters,
  saveParameters,
} from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import modelAndOptimizer from "../../fixtures/data/checkpoints/model_and_optimizer.pt";
import { comparable } from "../../hostile/comparable.js";
import { float32, model, step, trained } from "../../models/training.js";
import { assertSameBits } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";

const test = suite("checkpoint: parameters");

test("a model's state dict becomes named parameters, in order, without buffers", () => {
  const parameters = loadParameters(createEngine({ rounding }), model());
  assert.is(Object.getPrototypeOf(parameters), null);
  assert.equal(Object.keys(parameters), ["conv.weight", "norm.weight", "head.weight"]);
  for (const [name, parameter] of Object.entries(parameters)) assert.is(parameter.name, name);
  assert.equal(parameters["conv.weight"].shape, [2, 1, 2]);
  assert.equal([...parameters["conv.weight"].data], [1, 2, 3, 4]);
  assert.equal([parameters["head.weight"].dtype, parameters["head.weight"].shape], ["float64", []]);
});

test("a running_mean without its running_var is a parameter like others, and include decides otherwise", () => {
  const engine = createEngine({ rounding });
  assert.equal(Object.keys(loadParameters(engine, { running_mean: float32(1) })), ["running_mean"]);
  const chosen = loadParameters(engine, model(), { include: (name) => name.startsWith("norm.running") });
  assert.equal(Object.keys(chosen), ["norm.running_mean", "norm.running_var"]);
  assert.throws(() => loadParameters(engine, model(), { include: () => true }), /num_batches_tracked" holds int64/);
});

test("nested objects, Maps and arrays are joined by dots; one tensor under two names is one parameter", () => {
  const tied = float32(1);
  const tree = { layers: [{ weight: tied }, new Map([["weight", float32(2)]])], head: { weight: tied } };
  const parameters = loadParameters(createEngine({ rounding }), tree);
  assert.equal(Object.keys(parameters), ["layers.0.weight", "layers.1.weight", "head.weight"]);
  assert.is(parameters["head.weight"], parameters["layers.0.weight"]);
  const back = decodeTorch(encodeTorch(saveParameters(parameters)));
  assert.is(back["head.weight"], back["layers.0.weight"]);
});

test("16-bit floats are widened", () => {
  const parameters = loadParameters(createEngine({ rounding }), {
    half: { dtype: "float16", shape: [3], data: Uint16Array.of(0x3c00, 0x0001, 0xfc00) },
    brain: { dtype: "bfloat16", shape: [2], data: Uint16Array.of(0x3f80, 0xc049) },
  });
  assertSameBits(parameters.half.data, [1, 2 ** -24, -Infinity]);
  assertSameBits(parameters.brain.data, [1, -3.140625]);
});

test("16-bit floats keep their dtype and every bit, if asked to, from the file to the file", () => {
  const engine = createEngine({ rounding });
  const model = {
    half: { dtype: "float16" as const, shape: [4], data: Uint16Array.of(0x3c00, 0x0001, 0xfc00, 0x7e01) },
    brain: { dtype: "bfloat16" as const, shape: [3], data: Uint16Array.of(0x3f80, 0xc049, 0x7fc1) },
  };
  const parameters = loadParameters(engine, decodeTorch(encodeTorch(model)), { widen: false });
  assert.equal([parameters.half.dtype, parameters.brain.dtype], ["float16", "bfloat16"]);
  const saved = saveParameters(parameters);
  assert.equal({ ...saved }, model);
  assert.equal({ ...decodeTorch(encodeTorch(saved)) }, model);
  assert.equal({ ...decodeSafetensors(encodeSafetensors(saved)).tensors }, model);
  for (const { data } of Object.values(parameters)) data.fill(0);
  restoreParameters(parameters, model);
  assert.equal({ ...saveParameters(parameters) }, model);
  // Numbers of another type are rounded once: to nearest, ties to even.
  const wide = { dtype: "float64" as const, data: Float64Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 65520, -(2 ** -25)) };
  restoreParameters({ half: parameters.half }, { half: { ...wide, shape: [4] } });
  assert.equal([...parameters.half.data], [0x3c00, 0x3c02, 0x7c00, 0x8000]);
});

test("what is no state dict of a model is refused by name", () => {
  const engine = createEngine({ rounding });
  const load = (tree: unknown) => () => loadParameters(engine, tree as never);
  assert.throws(load({ model: model(), epoch: 3 }), /"epoch" is a number .* pass the model's own state dict/);
  assert.throws(load({ a: { b: null } }), /"a\.b" is null/);
  assert.throws(load({ a: new Float32Array(2) }), /"a" is an array of numbers/);
  assert.throws(load({ a: new Date() }), /"a" is a Date/);
  assert.throws(load(float32(1)), /expected a model's state dict/);
  assert.throws(load(null), /expected a model's state dict/);
  assert.throws(load({ "a.b": float32(1), a: { b: float32(1) } }), /two tensors .* "a\.b"/);
  const cycle: Record<string, unknown> = {};
  cycle.a = cycle;
  assert.throws(load(cycle), /in a cycle/);
  assert.equal(Object.keys(loadParameters(engine, { _extra_state: 1, a: float32(1) })), ["a"]);
});

test("an error leaves no parameter behind: a wrong tensor, memory that runs out", () => {
  const engine = createEngine({ rounding, maximumBytes: 1 << 20 });
  const before = engine.info.allocatedBytes;
  const wrong = { dtype: "float32", shape: [3], data: new Float32Array(2) };
  assert.throws(() => loadParameters(engine, { a: float32(1), wrong } as never), /"wrong" has shape \[3\]/);
  assert.is(engine.info.allocatedBytes, before);
  const large = { dtype: "float32" as const, shape: [1 << 19], data: new Float32Array(1 << 19) };
  assert.throws(() => loadParameters(engine, { a: float32(1), large }), /out of memory/);
  assert.is(engine.info.allocatedBytes, before);
});

test("saveParameters gives copies, or live views; with a base also what was not loaded, in its order", () => {
  const { parameters } = trained();
  const saved = saveParameters(parameters);
  assert.is.not(saved["norm.weight"].data.buffer, parameters["norm.weight"].data.buffer);
  const live = saveParameters(Object.values(parameters), { live: true });
  assert.is(live["norm.weight"].data.buffer, parameters["norm.weight"].data.buffer);
  assert.equal(comparable({ ...live }), comparable({ ...saved }));
  const all = saveParameters(parameters, { base: model() });
  assert.equal(Object.keys(all), Object.keys(model()));
  assert.equal(comparable(all["norm.running_mean"]), comparable(model()["norm.running_mean"]));
  assert.equal(comparable(all["conv.weight"]), comparable(saved["conv.weight"]));
  assert.throws(
    () => saveParameters(parameters, { base: { "norm.weight": float32(1) } }),
    /"norm\.weight" has shape \[1\]/,
  );
});

test("parameters are saved by their names: without one, or with one twice, they are refused", () => {
  const engine = createEngine({ rounding });
  assert.throws(() => saveParameters([engine.parameter(2)]), /no name to be saved by/);
  const twins = [engine.parameter(1, { name: "a" }), engine.parameter(1, { name: "a" })];
  assert.throws(() => saveParameters(twins), /two parameters have the name "a"/);
});

test("parameters survive both formats bit by bit", () => {
  const { parameters } = trained();
  const saved = saveParameters(parameters);
  assert.equal(comparable(decodeTorch(encodeTorch(saved))), comparable({ ...saved }));
  assert.equal(comparable(decodeSafetensors(encodeSafetensors(saved)).tensors), comparable({ ...saved }));
});

test("training goes on after a file as if there had been none, with parameters in any order: names match", () => {
  const { parameters, optimizer } = trained();
  const file = encodeTorch({ model: saveParameters(parameters), optimizer: optimizer.stateDict(), epoch: 1 });
  step(parameters, optimizer);

  const checkpoint = decodeTorch(file);
  const loaded = loadParameters(createEngine({ rounding }), checkpoint.model);
  const resumed = new SGD(Object.values(loaded).reverse(), { lr: 99 });
  resumed.loadStateDict(checkpoint.optimizer);
  step(loaded, resumed);
  for (const [name, parameter] of Object.entries(parameters)) {
    assertSameBits(loaded[name].data, parameter.data, name);
    record("resumed by name", parameter.data);
  }
});

test("a whole checkpoint of PyTorch's is taken up: its model, its optimizer by position", () => {
  const checkpoint = decodeTorch(modelAndOptimizer);
  const parameters = loadParameters(createEngine({ rounding }), checkpoint.model);
  const optimizer = new SGD(Object.values(parameters), { lr: 1 });
  optimizer.loadStateDict(checkpoint.optimizer);
  const saved = optimizer.stateDict();
  assert.equal(comparable({ ...saved.state }), comparable(checkpoint.optimizer.state));
  assert.is(saved.param_groups[0].lr, checkpoint.optimizer.param_groups[0].lr);
});

test.run();
