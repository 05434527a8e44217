import { createEngine, type Parameter, SGD } from "sgd-wasm";
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
import modelAndOptimizer from "../fixtures/data/checkpoints/model_and_optimizer.pt";
import { comparable } from "../hostile/comparable.js";
import { assertSameBits } from "../support/bits.js";
import { record, rounding } from "../support/context.js";

const test = suite("checkpoint: parameters");

const float32 = (...data: number[]) => ({
  dtype: "float32" as const,
  shape: [data.length],
  data: Float32Array.from(data),
});
const model = () => ({
  "conv.weight": { dtype: "float32" as const, shape: [2, 1, 2], data: Float32Array.of(1, 2, 3, 4) },
  "norm.weight": float32(1, 1),
  "norm.running_mean": float32(5, 6),
  "norm.running_var": float32(7, 8),
  "norm.num_batches_tracked": { dtype: "int64" as const, shape: [], data: BigInt64Array.of(3n) },
  "head.weight": { dtype: "float64" as const, shape: [], data: Float64Array.of(0.1) },
});

/** An optimizer that has made a step with gradients of 1, and its parameters. */
function trained(engine = createEngine({ rounding })) {
  const parameters = loadParameters(engine, model());
  const optimizer = new SGD(Object.values(parameters), { lr: 0.1, momentum: 0.9 });
  step(parameters, optimizer);
  return { engine, parameters, optimizer };
}

function step(parameters: Record<string, Parameter>, optimizer: SGD): void {
  for (const parameter of Object.values(parameters)) parameter.grad = new Array(parameter.size).fill(1);
  optimizer.step();
}

/** All there is to be restored, as plain data. */
function everything({ parameters, optimizer }: Pick<ReturnType<typeof trained>, "parameters" | "optimizer">) {
  return JSON.stringify(comparable({ model: saveParameters(parameters), optimizer: optimizer.stateDict() }));
}

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

test("restoreParameters puts a checkpoint into parameters and optimizer that exist", () => {
  const { parameters, optimizer } = trained();
  const saved = { model: saveParameters(parameters), optimizer: optimizer.stateDict() };
  const then = everything({ parameters, optimizer });
  step(parameters, optimizer);
  assert.is.not(everything({ parameters, optimizer }), then);
  restoreParameters(parameters, saved.model, { optimizer, state: saved.optimizer });
  assert.is(everything({ parameters, optimizer }), then);
});

const faults: [title: string, damage: (saved: ReturnType<typeof savedOf>) => void, message: RegExp][] = [
  ["a tensor is missing", ({ model }) => delete model["norm.weight"], /"norm\.weight" is missing/],
  [
    "a tensor has another shape",
    ({ model }) => Object.assign(model, { "norm.weight": float32(1) }),
    /shape \[1\], the parameter \[2\]/,
  ],
  [
    "a tensor lies about its shape",
    ({ model }) => model["head.weight"].shape.push(2),
    /"head\.weight" has shape \[2\] and 1/,
  ],
  [
    "the optimizer has another number of groups",
    ({ optimizer }) => optimizer.param_groups.pop(),
    /number of parameter groups/,
  ],
  [
    "a momentum buffer has another shape",
    ({ optimizer }) => optimizer.state[0].momentum_buffer?.shape.pop(),
    /momentum_buffer of state entry 0/,
  ],
  [
    "a momentum buffer holds integers",
    ({ optimizer }) =>
      Object.assign(optimizer.state[2], { momentum_buffer: { ...model()["norm.num_batches_tracked"] } }),
    /int64/,
  ],
  ["an option is no number", ({ optimizer }) => Object.assign(optimizer.param_groups[0], { lr: "fast" }), /lr/],
];

function savedOf({ parameters, optimizer }: ReturnType<typeof trained>) {
  return { model: saveParameters(parameters), optimizer: optimizer.stateDict() };
}

for (const [title, damage, message] of faults) {
  test(`where ${title}, parameters and optimizer stay as they were`, () => {
    const training = trained();
    const saved = savedOf(training);
    step(training.parameters, training.optimizer);
    const before = everything(training);
    damage(saved);
    const { parameters, optimizer } = training;
    assert.throws(() => restoreParameters(parameters, saved.model, { optimizer, state: saved.optimizer }), message);
    assert.is(everything(training), before);
  });
}

test("a file cut off anywhere is refused before anything is restored", () => {
  const training = trained();
  const file = encodeTorch(savedOf(training));
  const before = everything(training);
  for (let length = 0; length < file.length; length += 97) {
    assert.throws(() => {
      const { model, optimizer: state } = decodeTorch(file.subarray(0, length));
      restoreParameters(training.parameters, model, { optimizer: training.optimizer, state });
    }, `${length} bytes`);
  }
  assert.is(everything(training), before);
});

test("views of the engine's own memory can be restored although loading makes it grow", () => {
  const { engine, parameters, optimizer } = trained();
  const saved = { model: saveParameters(parameters, { live: true }), optimizer: optimizer.stateDict() };
  const fresh = new SGD(Object.values(parameters), { lr: 1 });
  engine.parameter(1 << 14);
  restoreParameters(parameters, saveParameters(parameters, { live: true }), {
    optimizer: fresh,
    state: saved.optimizer,
  });
  assert.is(JSON.stringify(comparable(fresh.stateDict())), JSON.stringify(comparable(saved.optimizer)));
});

test.run();
