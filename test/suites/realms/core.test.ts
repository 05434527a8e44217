// Every call of the core with values of another realm, as iframes, Jest and vm contexts have them.

import {
  clipGradNorm,
  clipGradValue,
  createEngine,
  groupParameters,
  type Parameter,
  SGD,
  type StepOptions,
} from "sgd-wasm";
import kernel from "sgd-wasm/kernel.wasm";
import * as assert from "uvu/assert";
import { carried, foreign, realmSuite } from "../../support/realm.js";

const test = realmSuite("realms");

test("values are of another realm", () => {
  assert.not.instance(foreign("[1]"), Array);
  assert.not.instance(carried(new Float32Array(1)), Float32Array);
});

test("a module makes an engine", () => {
  const module = foreign<WebAssembly.Module>("new WebAssembly.Module(bytes)", { bytes: kernel });
  const parameter = createEngine(foreign("{ module, rounding: 'fused' }", { module })).parameter(1);
  parameter.grad = [1];
  new SGD([parameter], { lr: 1 }).step();
  assert.equal([...parameter.data], [-1]);
});

test("memory, addresses and functions make an engine", () => {
  for (const memory of ["{ initial: 1 }", "{ initial: 1, maximum: 1, shared: true }"]) {
    const options = foreign<object>(
      `{ memory: new WebAssembly.Memory(${memory}), allocate: (n) => (end += 1024) - 1024, free() {} }`,
      { end: 1024 },
    );
    const parameter = createEngine(options).parameter(foreign<number[]>("[2, 2]"), foreign("{ data: [1, 2, 3, 4] }"));
    parameter.grad = foreign("Float32Array.of(1, 1, 1, 1)");
    new SGD([parameter], { lr: 1 }).step();
    assert.equal([...parameter.data], [0, 1, 2, 3]);
    parameter.rebind(foreign("{ address: 16384, gradAddress: 32768 }"));
    assert.equal([parameter.address, parameter.gradAddress], [16384, 32768]);
  }
});

test("what another realm throws goes through, and leaves everything as it was", () => {
  const parameter = createEngine().parameter(1);
  parameter.grad = [1];
  const optimizer = new SGD([parameter], { lr: 1 });
  const closure = foreign<() => void>("() => { throw new RangeError('theirs'); }");
  assert.throws(
    () => optimizer.step(closure),
    (error: Error) => error.name === "RangeError" && !(error instanceof RangeError),
  );
  const promise = foreign<() => unknown>("async () => 1");
  assert.throws(() => optimizer.step(promise), /the closure returned a promise/);
  assert.equal([...parameter.data], [0]);
});

test("data and gradients of every kind", () => {
  const engine = createEngine();
  for (const data of ["[1, 2]", "Float64Array.of(1, 2)", "Int8Array.of(1, 2)", "({ length: 2, 0: 1, 1: 2 })"]) {
    assert.equal([...engine.parameter(2, { data: foreign<number[]>(data) }).data], [1, 2]);
  }
  const [parameter, wide, half] = (["float32", "float64", "bfloat16"] as const).map((dtype) =>
    engine.parameter(2, { dtype }),
  );
  for (const grad of [
    "[1, 2]",
    "Float32Array.of(1, 2)",
    "Int32Array.of(1, 2)",
    '({ dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0x4000) })',
  ]) {
    parameter.grad = foreign(grad);
    assert.equal([...parameter.grad!], [1, 2], grad);
  }
  wide.grad = foreign("Float64Array.of(1, 2)");
  half.grad = foreign("Uint16Array.of(0x3f80, 0x4000)");
  assert.equal([...half.grad!], [0x3f80, 0x4000]);
  assert.throws(() => (parameter.grad = foreign("Float64Array.of(1, 2)")), /expected Float32Array, got Float64Array/);
  assert.throws(() => (parameter.grad = foreign("Uint16Array.of(1, 2)")), /cannot be a Uint16Array/);
  parameter.grad = foreign("{ indices: Int32Array.of(1), values: Float32Array.of(5) }");
  assert.equal([...parameter.sparseGrad!.indices], [1]);
});

test("parameters in arrays, Sets, Maps, objects, pairs, generators and groups", () => {
  const engine = createEngine();
  const [a, b] = [engine.parameter(1), engine.parameter(1)];
  for (const params of [
    "[a, b]",
    "new Set([a, b])",
    'new Map([["a", a], ["b", b]])',
    "({ a, b })",
    '[["a", a], ["b", b]]',
    "(function* () { yield a; yield b; })()",
    "[{ params: [a, b] }]",
    "[{ params: { a, b } }]",
    '[{ params: new Map([["a", a], ["b", b]]), extra: [1] }]',
  ]) {
    const optimizer = new SGD(foreign<Parameter[]>(params, { a, b }), foreign("{ lr: 0.5, momentum: 0.5 }"));
    assert.equal(optimizer.paramGroups[0].params, [a, b], params);
  }
  const optimizer = new SGD([a], { lr: 1 });
  optimizer.addParamGroup(foreign("{ params: b, lr: 2 }", { b }));
  const groups = groupParameters(
    foreign<Record<string, Parameter>>("{ a, b }", { a, b }),
    foreign("[{ match: /a/, lr: 2 }]"),
  );
  assert.is(groups.length, 2);
  for (const parameter of [a, b]) parameter.grad = [3];
  assert.is(clipGradNorm(foreign<Parameter[]>("[a, b]", { a, b }), 100, foreign("{ normType: Infinity }")), 3);
  clipGradValue(foreign<Parameter[]>("new Set([a, b])", { a, b }), 2);
  assert.equal([...a.grad!], [2]);
});

test("options, closures, hooks, state and state dicts", () => {
  const engine = createEngine();
  const parameter = engine.parameter(2, { data: [1, 2] });
  parameter.grad = [1, 1];
  const optimizer = new SGD([parameter], { lr: 0.5, momentum: 0.5 });
  assert.is(optimizer.step(foreign<() => number>("() => 7")), 7);
  assert.is(optimizer.step(foreign<StepOptions>("{ maxGradNorm: 10, gradScale: 1 }")).skipped, false);
  optimizer.zeroGrad(foreign("{ setToNone: true }"));
  assert.is(parameter.grad, null);
  optimizer.registerStepPreHook(foreign("(optimizer, args, options) => [args, options]")).remove();
  const dict = optimizer.stateDict();
  const buffer = [...optimizer.state.get(parameter)!.momentumBuffer!];
  optimizer.state.set(parameter, foreign("{ momentumBuffer: Float32Array.of(9, 9) }"));
  optimizer.loadStateDict(carried(dict), foreign('{ match: "position" }'));
  assert.equal([...optimizer.state.get(parameter)!.momentumBuffer!], buffer);
  optimizer.state.get(parameter)!.momentumBuffer = foreign("[1, 2]");
  const recorded = new SGD([parameter], { lr: 1, differentiable: true });
  parameter.grad = [1, 1];
  recorded.step();
  const back = recorded.backward(foreign("{ params: [Float32Array.of(1, 1)], momentumBuffers: [null] }"));
  assert.equal([...back.grads[0]!], [-1, -1]);
});

test.run();
