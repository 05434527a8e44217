// Variables that share their elements, move, go and come back.

import { sgd } from "sgd-wasm/tfjs";
import * as assert from "uvu/assert";
import { BACKENDS, bitsOf, nextTask, suiteOn, tf, variable, wasmBackend } from "./tf.js";

const numbers = (tensor: tf.Tensor) => Array.from(tensor.dataSync<"float32">());

/** A step with the gradient `g` of every element of the variables. */
function step(optimizer: tf.Optimizer, g: number, ...variables: tf.Variable[]): void {
  tf.tidy(() => optimizer.applyGradients(variables.map(({ name, shape }) => ({ name, tensor: tf.fill(shape, g) }))));
}

for (const backend of BACKENDS) {
  const test = suiteOn(backend, "variables");

  test("clones, reshaped tensors and other variables with the same elements stay as they are", () => {
    const original = variable([1, -0, 3, 4]);
    const others = [tf.clone(original), tf.reshape(original, [2, 2]), tf.variable(original)];
    const optimizer = sgd(tf, { lr: 0.5 });
    step(optimizer, 1, original);
    assert.equal(numbers(original), [0.5, -0.5, 2.5, 3.5]);
    for (const other of others) assert.equal(numbers(other), [1, -0, 3, 4]);
    step(optimizer, 1, original, others[2] as tf.Variable);
    assert.equal(numbers(original), [0, -1, 2, 3]);
    assert.equal(others.map(numbers), [
      [1, -0, 3, 4],
      [1, -0, 3, 4],
      [0.5, -0.5, 2.5, 3.5],
    ]);
    for (const each of [original, optimizer, ...others]) each.dispose();
  });

  test("elements that were shared keep every bit that a step does not change", () => {
    const original = variable([-0, 0, 1e-45]);
    const other = tf.reshape(original, [1, 3]);
    const optimizer = sgd(tf, { lr: 1 });
    step(optimizer, 0, original);
    assert.equal(bitsOf([original]), bitsOf([other]));
    for (const each of [original, other, optimizer]) each.dispose();
  });

  test("a gradient may be the variable itself", () => {
    const one = variable([1, 2]);
    const optimizer = sgd(tf, { lr: 0.25 });
    optimizer.applyGradients([{ name: one.name, tensor: one }]);
    assert.equal(numbers(one), [0.75, 1.5]);
    const gradient = tf.clone(one);
    optimizer.applyGradients({ [one.name]: gradient });
    assert.equal(
      [numbers(gradient), numbers(one)],
      [
        [0.75, 1.5],
        [0.5625, 1.125],
      ],
    );
    for (const each of [one, optimizer, gradient]) each.dispose();
  });

  test("a gradient may be another variable of the step", () => {
    const [one, two] = [variable([1]), variable([10])];
    const optimizer = sgd(tf, { lr: 1 });
    const { numTensors } = tf.memory();
    optimizer.applyGradients([
      { name: one.name, tensor: two },
      { name: two.name, tensor: one },
    ]);
    assert.equal([numbers(one), numbers(two)], [[-9], [9]]);
    assert.is(tf.memory().numTensors, numTensors);
    for (const each of [one, two, optimizer]) each.dispose();
  });

  test("variables of another backend come to this one, and their clones stay as they are", async () => {
    await tf.setBackend(BACKENDS.find((name) => name !== backend)!);
    const one = variable([1, 2]);
    const [clone, value] = [tf.clone(one), tf.tensor([5, 6])];
    await tf.setBackend(backend);
    const optimizer = sgd(tf, { lr: 1 });
    step(optimizer, 1, one);
    assert.equal(
      [numbers(one), numbers(clone)],
      [
        [0, 1],
        [1, 2],
      ],
    );
    one.assign(value);
    step(optimizer, 1, one);
    assert.equal(
      [numbers(one), numbers(value)],
      [
        [4, 5],
        [5, 6],
      ],
    );
    for (const each of [one, clone, value, optimizer]) each.dispose();
  });

  test("a variable that was assigned to keeps its momentum", () => {
    const one = variable([1, 2, 3]);
    const optimizer = sgd(tf, { lr: 1, momentum: 0.5 });
    step(optimizer, 1, one);
    const value = tf.tensor([10, 20, 30]);
    one.assign(value);
    step(optimizer, 1, one);
    assert.equal(
      [numbers(one), numbers(value)],
      [
        [8.5, 18.5, 28.5],
        [10, 20, 30],
      ],
    );
    for (const each of [one, optimizer, value]) each.dispose();
  });

  test("a variable that is disposed and made again under its name begins without momentum, and no other variable is lost", () => {
    const [first, other] = [variable([1], "again"), variable([1], "other")];
    const optimizer = sgd(tf, { lr: 1, momentum: 0.5 });
    step(optimizer, 1, first, other);
    first.dispose();
    const second = variable([1, 1], "again");
    step(optimizer, 1, second, other);
    assert.equal([numbers(second), numbers(other)], [[0, 0], [-1.5]]);
    const { params } = optimizer.sgd.paramGroups[0];
    assert.equal(
      params.map(({ name, size }) => [name, size]),
      [
        ["other", 1],
        ["again", 2],
      ],
    );
    assert.is(optimizer.sgd.state.size, 2);
    for (const each of [second, other, optimizer]) each.dispose();
  });

  test("a variable without a gradient is left alone, with its momentum", () => {
    const [one, other] = [variable([1], "one"), variable([1], "two")];
    const optimizer = sgd(tf, { lr: 1, momentum: 0.5, weightDecay: 0.5 });
    step(optimizer, 1, one, other);
    const after = numbers(one);
    optimizer.applyGradients({ one: null as never });
    step(optimizer, 1, other);
    assert.equal(numbers(one), after);
    for (const each of [one, other, optimizer]) each.dispose();
  });

  test("scalars, empty variables and several dimensions are trained", () => {
    const shapes = [[], [0], [2, 0, 3], [2, 2, 2]];
    const variables = shapes.map((shape) => tf.tidy(() => tf.variable(tf.fill(shape, 2))));
    const optimizer = sgd(tf, { lr: 1, momentum: 0.9 });
    step(optimizer, 0.5, ...variables);
    assert.equal(variables.map(numbers), [[1.5], [], [], Array(8).fill(1.5)]);
    for (const each of [optimizer, ...variables]) each.dispose();
  });

  test("hundreds of rounds of optimizers and variables leave no tensor and no memory", async () => {
    const round = async () => {
      const variables = [variable(new Float32Array(1000)), variable([1])];
      const optimizer = sgd(tf, { lr: 1, momentum: 0.9, maxGradNorm: 1 });
      for (let i = 0; i < 3; i++) step(optimizer, 1, ...variables);
      variables[0].dispose();
      step(optimizer, 1, variables[1]);
      for (const each of [optimizer, optimizer, variables[1]]) each.dispose();
      await nextTask();
    };
    await round();
    const held = holdings();
    for (let i = 0; i < 300; i++) await round();
    assert.equal(holdings(), held);
  });

  test("an optimizer whose variables come and go by the hundred keeps nothing of those that went", () => {
    const optimizer = sgd(tf, { lr: 1, momentum: 0.9 });
    const round = () => {
      const passing = variable(new Float32Array(1000));
      step(optimizer, 1, passing);
      passing.dispose();
    };
    for (let i = 0; i < 3; i++) round();
    const held = holdings();
    for (let i = 0; i < 300; i++) round();
    assert.equal(holdings(), held);
    assert.is(optimizer.sgd.state.size, 1);
    optimizer.dispose();
  });

  test.run();
}

/** Tensors, and on wasm the blocks of its heap that were asked for and not given back. */
function holdings() {
  return {
    tensors: tf.memory().numTensors,
    bytes: tf.memory().numBytes,
    blocks: tf.getBackend() === "wasm" ? blocks() : 0,
  };
}

let outstanding: (() => number) | undefined;

/** Counts from the first call on. */
function blocks(): number {
  outstanding ??= countBlocks();
  return outstanding();
}

function countBlocks(): () => number {
  const { wasm } = wasmBackend();
  const { _malloc, _free } = wasm;
  let count = 0;
  wasm._malloc = (byteLength) => {
    count++;
    return _malloc(byteLength);
  };
  wasm._free = (address) => {
    count--;
    _free(address);
  };
  return () => count;
}

const inPlace = suiteOn("wasm", "in place");

inPlace("variables are updated where they lie, without a tensor more", () => {
  const one = variable([1, 2, 3]);
  const { dataId } = one;
  const { numTensors } = tf.memory();
  const optimizer = sgd(tf, { lr: 1, momentum: 0.9 });
  for (let i = 0; i < 3; i++) step(optimizer, 1, one);
  assert.is(one.dataId, dataId);
  assert.is(tf.memory().numTensors, numTensors);
  for (const each of [one, optimizer]) each.dispose();
});

inPlace("an isolated page has the build with threads, in shared memory", () => {
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true;
  const { wasmMemory, asm } = wasmBackend().wasm;
  const memory = wasmMemory ?? asm?.memory;
  assert.is(Object.prototype.toString.call(memory?.buffer), `[object ${isolated ? "Shared" : ""}ArrayBuffer]`);
});

inPlace("the heap may grow between steps", () => {
  const one = variable([1, 2, 3]);
  const optimizer = sgd(tf, { lr: 1, momentum: 0.5 });
  step(optimizer, 1, one);
  const { wasmMemory, asm } = wasmBackend().wasm;
  const memory = (wasmMemory ?? asm?.memory) as WebAssembly.Memory;
  const before = memory.buffer.byteLength;
  const large = tf.zeros([before / 4]);
  assert.ok(memory.buffer.byteLength > before);
  step(optimizer, 1, one);
  assert.equal(numbers(one), [-1.5, -0.5, 0.5]);
  for (const each of [one, optimizer, large]) each.dispose();
});

inPlace("where an internal of the backend is missing, variables are updated by copies", () => {
  const backend = tf.backend() as { refCount?: unknown };
  const one = variable([1, 2, 3]);
  const { dataId } = one;
  const optimizer = sgd(tf, { lr: 1, momentum: 0.5 });
  backend.refCount = undefined;
  try {
    for (let i = 0; i < 2; i++) step(optimizer, 1, one);
  } finally {
    delete backend.refCount;
  }
  assert.equal(numbers(one), [-1.5, -0.5, 0.5]);
  assert.is.not(one.dataId, dataId);
  for (const each of [one, optimizer]) each.dispose();
});

inPlace.run();
