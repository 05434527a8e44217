// An engine inside the memory of a program that has an allocator of its own, and trains: nothing is copied, and the bits
// are those of an engine with a memory of its own.

import bytes from "assemblyscript:foreign/program.ts";
import { createEngine, type Engine, type Parameter, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";

interface Program {
  memory: WebAssembly.Memory;
  setUp(): void;
  features(): number;
  truth(feature: number): number;
  weightsAddress(): number;
  biasAddress(): number;
  weightGradientsAddress(): number;
  biasGradientAddress(): number;
  forward(): number;
  backward(ofWeights: number, ofBias: number): void;
  allocate(byteLength: number): number;
  release(address: number): void;
  liveBlocks(): number;
  churn(byteLength: number): void;
  __collect(): void;
}

const OPTIONS = { lr: 0.3, momentum: 0.5, weightDecay: 1e-6, nesterov: true };
const STEPS = 120;
const MEBIBYTE = 2 ** 20;
const test = suite("foreign memory");
// Here and not in a test, because Workers compile nothing once they handle requests.
const compiled = compile();
const compiling = compiled ? test : test.skip;

function compile(): WebAssembly.Module | undefined {
  try {
    return new WebAssembly.Module(bytes);
  } catch {
    return undefined;
  }
}

function start(): Program {
  const env = { abort: () => assert.unreachable("the program has aborted") };
  const instance = new WebAssembly.Instance(compiled!, { env });
  const program = instance.exports as unknown as Program;
  program.setUp();
  return program;
}

function engineIn({ memory, allocate, release }: Program): Engine {
  return createEngine({ rounding, memory, allocate, free: release });
}

interface Training {
  engine: Engine;
  program: Program;
  weights: Parameter<"float32">;
  bias: Parameter<"float32">;
  optimizer: SGD;
  step(): number;
}

/** The engine and the program use the same memory: what is passed between them is addresses. */
function inPlace(program = start(), engine = engineIn(program)): Training {
  const weights = engine.parameter(program.features(), { address: program.weightsAddress() });
  const bias = engine.parameter(1, { address: program.biasAddress() });
  const optimizer = new SGD([weights, bias], OPTIONS);
  const step = () => {
    const loss = program.forward();
    program.backward(weights.ensureGrad().byteOffset, bias.ensureGrad().byteOffset);
    optimizer.step();
    return loss;
  };
  return { engine, program, weights, bias, optimizer, step };
}

/** The engine has its own memory: parameters and gradients are copied at every step. */
function apart(): Training {
  const program = start();
  const engine = createEngine({ rounding });
  const n = program.features();
  const weights = engine.parameter(n);
  const bias = engine.parameter(1);
  const optimizer = new SGD([weights, bias], OPTIONS);
  const gradients = program.allocate(4 * (n + 1));
  const floats = (address: number, length: number) => new Float32Array(program.memory.buffer, address, length);
  const step = () => {
    floats(program.weightsAddress(), n).set(weights.data);
    floats(program.biasAddress(), 1).set(bias.data);
    const loss = program.forward();
    program.backward(gradients, gradients + 4 * n);
    weights.grad = floats(gradients, n);
    bias.grad = floats(gradients + 4 * n, 1);
    optimizer.step();
    return loss;
  };
  return { engine, program, weights, bias, optimizer, step };
}

function assertSameTraining(actual: Training, expected: Training): void {
  for (const name of ["weights", "bias"] as const) {
    assertSameBits(actual[name].data, expected[name].data, name);
    const [buffer, wanted] = [actual, expected].map(({ optimizer, [name]: parameter }) => {
      return optimizer.state.get(parameter)!.momentumBuffer as Float32Array;
    });
    assertSameBits(buffer, wanted, `momentum of ${name}`);
  }
}

compiling("a program trains in its own memory, with the bits of an engine with another", () => {
  const training = inPlace();
  const reference = apart();
  const { program, weights, bias } = training;
  const losses = Array.from({ length: STEPS }, () => {
    const loss = training.step();
    assert.is(loss, reference.step());
    return loss;
  });
  assertSameTraining(training, reference);
  assert.ok(losses[0] > 0.5);
  assert.ok(program.forward() < 1e-6, `the loss is still ${program.forward()}`);
  const seen = new Float32Array(program.memory.buffer, program.weightsAddress(), weights.size);
  seen.forEach((weight, i) => {
    assert.ok(Math.abs(weight - program.truth(i)) < 1e-3, `weight ${i} is ${weight}`);
  });
  assert.ok(Math.abs(bias.data[0] - program.truth(weights.size)) < 1e-3);
});

compiling("both sides see the same bytes at once", () => {
  const { program, weights, bias } = inPlace();
  assert.is(weights.data.buffer, program.memory.buffer);
  assert.is(weights.data.byteOffset, program.weightsAddress());
  assert.is(weights.address, program.weightsAddress());
  weights.data.fill(0);
  bias.data[0] = 0;
  const before = program.forward();
  bias.data[0] = program.truth(weights.size);
  for (let i = 0; i < weights.size; i++) weights.data[i] = program.truth(i);
  assert.ok(before > 0.5);
  assert.is(program.forward(), 0);
  program.backward(weights.ensureGrad().byteOffset, bias.ensureGrad().byteOffset);
  assert.equal([...weights.grad!, ...bias.grad!], new Array(weights.size + 1).fill(0));
});

compiling("wrapping changes nothing that lives there, and disposing of it neither", () => {
  const program = start();
  const place = () => new Float32Array(program.memory.buffer, program.weightsAddress(), 2);
  place().set([3, 4]);
  const engine = engineIn(program);
  const weights = engine.parameter(2, { address: program.weightsAddress() });
  assert.equal([...weights.data], [3, 4]);
  assert.is(program.liveBlocks(), 0);
  weights.dispose();
  assert.equal([...place()], [3, 4]);
});

compiling("either side grows the memory in the middle of training", () => {
  const training = inPlace();
  const reference = apart();
  const { engine, program, weights } = training;
  const size = () => program.memory.buffer.byteLength;
  const growths: Record<number, () => void> = {
    1: () => program.churn(3 * MEBIBYTE),
    10: () => void engine.parameter(MEBIBYTE).ensureGrad().fill(1),
    20: () => void program.memory.grow(5),
    30: () => program.churn(12 * MEBIBYTE),
    40: () => void engine.parameter(4 * MEBIBYTE, { dtype: "float64" }),
  };
  for (let i = 0; i < STEPS; i++) {
    assert.is(training.step(), reference.step());
    const before = size();
    growths[i]?.();
    assert.is(size() > before, i in growths, `step ${i}`);
    if (i % 16 === 0) program.__collect();
    assertSameBits(weights.data, reference.weights.data, `weights of step ${i}`);
  }
  assertSameTraining(training, reference);
});

compiling("the memory grows between a gradient and its step, and inside of the backward pass", () => {
  const training = inPlace();
  const reference = apart();
  const { program, weights, bias, optimizer } = training;
  for (let i = 0; i < 4; i++) {
    reference.step();
    program.forward();
    const addresses = [weights.ensureGrad().byteOffset, bias.ensureGrad().byteOffset] as const;
    program.memory.grow(1);
    program.backward(...addresses);
    program.churn((i + 1) * MEBIBYTE);
    optimizer.step();
  }
  assertSameTraining(training, reference);
});

compiling("a program writes its gradients where it keeps them, and grows its memory at any time", () => {
  const reference = apart();
  const program = start();
  const engine = engineIn(program);
  const [ofWeights, ofBias] = [program.weightGradientsAddress(), program.biasGradientAddress()];
  const weights = engine.parameter(program.features(), { address: program.weightsAddress(), gradAddress: ofWeights });
  const bias = engine.parameter(1, { address: program.biasAddress(), gradAddress: ofBias });
  const optimizer = new SGD([weights, bias], OPTIONS);
  const step = (growAt: number) => {
    const parts = [
      () => void program.forward(),
      () => program.backward(ofWeights, ofBias),
      () => optimizer.step(),
      () => optimizer.zeroGrad(),
    ];
    parts.forEach((part, i) => {
      part();
      if (i !== growAt) return;
      const { buffer } = program.memory;
      program.churn(buffer.byteLength);
      assert.is.not(program.memory.buffer, buffer);
    });
  };
  for (let i = 0; i < 8; i++) {
    reference.step();
    step(i);
    assert.equal([weights.gradAddress, bias.gradAddress], [ofWeights, ofBias]);
    assertSameBits(new Float32Array(program.memory.buffer, ofWeights, weights.size), new Float32Array(weights.size));
  }
  assertSameTraining({ ...reference, weights, bias, optimizer }, reference);
  assert.is(program.liveBlocks(), 2, "the momentum of both is all that the engine allocates");
});

compiling("the engine gives back all that it took", () => {
  const training = inPlace();
  const { engine, program, weights } = training;
  for (let i = 0; i < 3; i++) training.step();
  // Gradient and momentum of each; the parameters themselves are the program's.
  assert.is(program.liveBlocks(), 4);
  assert.ok(engine.info.allocatedBytes >= 2 * 4 * (weights.size + 1));
  engine.dispose();
  assert.is(program.liveBlocks(), 0);
  assert.is(engine.info.allocatedBytes, 0);
});

compiling("engines one after the other leave the program's heap as it was", () => {
  const program = start();
  let size = 0;
  for (let i = 0; i < 20; i++) {
    const engine = engineIn(program);
    const training = inPlace(program, engine);
    for (let j = 0; j < 2; j++) training.step();
    engine.parameter(MEBIBYTE / 4);
    engine.dispose();
    if (i === 0) size = program.memory.buffer.byteLength;
  }
  assert.is(program.memory.buffer.byteLength, size);
});

test("elements at any multiple of their size train alike", () => {
  const memory = new WebAssembly.Memory({ initial: 2 });
  let top = 65536;
  const allocate = (byteLength: number) => {
    const address = top;
    top += Math.ceil(byteLength / 16) * 16;
    return address;
  };
  const engine = createEngine({ rounding, memory, allocate, free: () => {} });
  const n = 37;
  const start = Float32Array.from({ length: n }, (_, i) => Math.fround(i / 7 - 2));
  const results = [16, 1028, 2056, 3084].map((address) => {
    const parameter = engine.parameter(n, { address, data: start });
    const optimizer = new SGD([parameter], OPTIONS);
    for (let i = 0; i < 3; i++) {
      parameter.grad = start.map((x) => x * (i + 1));
      optimizer.step();
    }
    return parameter.data.slice();
  });
  record("foreign memory/alignment", results[0]);
  for (const result of results) assertSameBits(result, results[0]);
});

test.run();
