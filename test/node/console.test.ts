// What console.log shows of an engine, a parameter and an optimizer: what a person wants to see, and no internals.

import { inspect } from "node:util";
import { createEngine, SGD } from "sgd-wasm";
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

test.run();
