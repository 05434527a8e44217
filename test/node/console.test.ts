// What console.log shows of an engine, a parameter and an optimizer: what a person wants to see, and no internals.

import { inspect } from "node:util";
import { createEngine, SGD } from "sgd-wasm";
import { GradScaler } from "sgd-wasm/amp";
import { AveragedModel } from "sgd-wasm/averaging";
import { ParameterClient } from "sgd-wasm/durable";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("console");

test("a parameter shows name, shape, dtype and first values", () => {
  const engine = createEngine();
  const weight = engine.parameter([2, 5], { name: "weight", data: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });
  assert.is(
    inspect(weight),
    'Parameter { name: "weight", shape: [2, 5], dtype: "float32", data: [1, 2, 3, 4, 5, 6, … 4 more], grad: null }',
  );
  const half = engine.parameter(2, { dtype: "bfloat16", data: [1.5, -2] });
  half.grad = [0.25, 0];
  assert.is(inspect(half), 'Parameter { shape: [2], dtype: "bfloat16", data: [1.5, -2], grad: [0.25, 0] }');
  half.dispose();
  assert.is(inspect(half), 'Parameter { shape: [2], dtype: "bfloat16", disposed: true }');
  assert.equal(Object.keys(weight).sort(), ["dtype", "name", "shape", "size"]);
  assert.is(inspect({ weight }).includes("engine"), false);
});

test("an engine shows what it is, an optimizer its groups", () => {
  const engine = createEngine({ rounding: "separate" });
  const optimizer = new SGD([engine.parameter(1)], { lr: 0.1 });
  assert.is(
    inspect(engine),
    'Engine { rounding: "separate", fma: "none", threads: 1, allocatedBytes: 16, parameters: 1 }',
  );
  assert.equal(Object.keys(engine), ["memory"]);
  assert.is(inspect(optimizer), String(optimizer));
  assert.equal(Object.keys(optimizer).sort(), ["defaults", "paramGroups"]);
});

test("an entry of an optimizer's state shows its buffer", () => {
  const parameter = createEngine().parameter(2);
  const { state } = new SGD([parameter], { lr: 0.1 });
  state.set(parameter, { momentumBuffer: [1, 2] });
  assert.is(inspect(state.get(parameter)), "ParameterState { momentumBuffer: [1, 2] }");
  assert.equal(Object.keys(state.get(parameter)!), []);
});

test("a scaler shows its scale, an average how it is taken", () => {
  const scaler = new GradScaler({ growthInterval: 100 });
  scaler.scale(1);
  scaler.update(1024);
  assert.is(
    inspect(scaler),
    "GradScaler { scale: 1024, growthFactor: 2, backoffFactor: 0.5, growthInterval: 100, enabled: true }",
  );
  const params = [createEngine().parameter(2)];
  const average = new AveragedModel(params);
  average.update();
  assert.is(
    inspect(average),
    'AveragedModel { method: "swa", formula: "single", nAveraged: 1, swapped: false, parameters: 1 }',
  );
  assert.match(
    inspect(new AveragedModel(params, { method: "ema", decay: 0.9 })),
    '"ema", decay: 0.9, formula: "multi"',
  );
});

test("a client shows its run, and not its token", () => {
  const client = new ParameterClient({ url: "https://train.example/", run: "mnist", token: "secret" });
  assert.is(inspect(client), 'ParameterClient { url: "https://train.example", run: "mnist", rank: null }');
});

test.run();
