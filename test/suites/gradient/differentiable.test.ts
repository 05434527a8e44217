// Derivatives through whole training runs, against those of the formula by torch.autograd.

import { createEngine, type Parameter, SGD, type StepGradients } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import file from "../../fixtures/data/differentiable.json";
import { camelCase, DTYPE, type ShortType } from "../../reference/spelling.js";
import { assertSameBits } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";

type Arrays = (number[] | null)[];

interface Case {
  name: string;
  dtype: ShortType;
  groups: { options: Record<string, unknown>; sizes: number[] }[];
  params: number[][];
  grads: Arrays[];
  param_cotangents: number[][];
  momentum_buffer_cotangents: Arrays;
  formula: {
    params: number[][];
    grads: Arrays[];
    scalars: { lr: number; momentum: number; dampening: number; weight_decay: number }[][];
    before_step: { params: number[][]; momentum_buffers: Arrays }[];
  };
}

const cases = file.cases as unknown as Case[];
/** Relative, where the expected value is above 1 in size, absolute below. */
const TOLERANCE = { f32: 1e-5, f64: 1e-12 } as const;
const test = suite("differentiable");

function assertNear(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, where: string): void {
  assert.is(actual.length, expected.length, where);
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(actual[i] - expected[i]);
    const isNear = distance <= tolerance * Math.max(1, Math.abs(expected[i]));
    assert.ok(isNear, `${where}, element ${i}: got ${actual[i]}, expected ${expected[i]}`);
  }
}

/** Runs all steps of a case forwards. */
function unroll({ dtype, groups, params: initial, grads }: Case) {
  const engine = createEngine({ rounding });
  const params = initial.map((data) => engine.parameter(data.length, { dtype: DTYPE[dtype], data }));
  let taken = 0;
  const optimizer = new SGD(
    groups.map(({ options, sizes }) => {
      taken += sizes.length;
      return { ...camelCase(options), params: params.slice(taken - sizes.length, taken) };
    }),
    { differentiable: true },
  );
  for (const gradients of grads) {
    params.forEach((parameter, i) => {
      parameter.grad = gradients[i];
    });
    optimizer.step();
  }
  return { engine, optimizer, params };
}

/**
 * The cotangent of a buffer as `step` reads it. The fixture differentiates by the buffer wherever it is used, so its
 * numbers contain what the step that wrote it did to the parameter with it; that is taken away here.
 */
function bufferCotangent({ groups, grads, formula }: Case, step: number, i: number): number[] | null {
  const total = formula.before_step[step].momentum_buffers[i];
  if (total === null) return null;
  const { options } = groups.flatMap((group) => group.sizes.map(() => group))[i];
  const writer = grads.map((gradients) => gradients[i] !== null).lastIndexOf(true, step - 1);
  const factor = -Number(options.lr) * (options.nesterov ? Number(options.momentum) : 1);
  return total.map((x, k) => x - factor * formula.before_step[writer + 1].params[i][k]);
}

function checkStep(back: StepGradients, expected: Case, step: number): void {
  const { formula, dtype, name } = expected;
  const tolerance = TOLERANCE[dtype];
  const where = `${name}, step ${step}`;
  const { params } = formula.before_step[step];
  back.params.forEach((cotangent, i) => {
    assertNear(cotangent, params[i], tolerance, `${where}, parameter ${i}`);
    record(`differentiable ${name}`, cotangent);
  });
  back.grads.forEach((cotangent, i) => {
    const wanted = formula.grads[step][i];
    if (cotangent === null || wanted === null) assert.is(cotangent, wanted, where);
    else assertNear(cotangent, wanted, tolerance, `${where}, gradient ${i}`);
  });
  back.momentumBuffers.forEach((cotangent, i) => {
    // Where the step does not read the buffer there is none here: its cotangent belongs to an earlier step.
    const wanted = bufferCotangent(expected, step, i);
    if (cotangent) assertNear(cotangent, wanted!, tolerance, `${where}, buffer ${i}`);
    else assert.ok(wanted === null || back.grads[i] === null, `${where}, buffer ${i} has no cotangent`);
  });
  const scalars = back.groups.flatMap((group) => [group.lr, group.momentum, group.dampening, group.weightDecay]);
  const wanted = formula.scalars[step].flatMap((group) => [
    group.lr,
    group.momentum,
    group.dampening,
    group.weight_decay,
  ]);
  assertNear(scalars, wanted, tolerance, `${where}, options`);
}

for (const expected of cases) {
  test(`${expected.name}: the derivatives of a run are those of its formula`, () => {
    const { optimizer } = unroll(expected);
    const empty = expected.params.map(() => null);
    let params: (Float32Array | Float64Array | number[])[] = expected.param_cotangents;
    let momentumBuffers: (Float32Array | Float64Array | number[] | null)[] = expected.momentum_buffer_cotangents;
    for (let step = expected.grads.length - 1; step >= 0; step--) {
      const back = optimizer.backward({ params, momentumBuffers: momentumBuffers ?? empty });
      checkStep(back, expected, step);
      ({ params, momentumBuffers } = back);
    }
    assertNear(
      params.flatMap((array) => [...array]),
      expected.formula.params.flat(),
      TOLERANCE[expected.dtype],
      "start",
    );
    assert.throws(() => optimizer.backward({ params }), /no recorded step/);
  });
}

/** Two parameters with momentum; d is their optimizer. */
function small(options = {}) {
  const engine = createEngine({ rounding });
  const params = [1, 2].map((n) => engine.parameter(n, { dtype: "float64", data: [3, 5].slice(0, n) }));
  return { engine, params, optimizer: new SGD(params, { lr: 0.5, momentum: 0.5, differentiable: true, ...options }) };
}

function setGradients(params: readonly Parameter[], ...gradients: (number[] | null)[]): void {
  params.forEach((parameter, i) => {
    parameter.grad = gradients[i];
  });
}

test("a buffer's cotangent comes back as it was given from a step without momentum", () => {
  const { params, optimizer } = small();
  setGradients(params, [1], null);
  optimizer.step();
  optimizer.paramGroups[0].momentum = 0;
  setGradients(params, [2], null);
  optimizer.step();
  const second = optimizer.backward({ params: [[1], null], momentumBuffers: [[8], null] });
  assertSameBits(second.grads[0]!, [-0.5]);
  assertSameBits(second.momentumBuffers[0]!, [8]);
  assert.is(second.momentumBuffers[1], null);
  // The first step made the buffer of its gradient: 8 comes back there, and -lr for the parameter.
  const first = optimizer.backward({ params: second.params, momentumBuffers: second.momentumBuffers });
  assertSameBits(first.grads[0]!, [7.5]);
  assert.is(first.groups[0].momentum, 0);
});

test("a buffer's cotangent comes back as it was given from a step without a gradient", () => {
  const { params, optimizer } = small();
  setGradients(params, null, [1, 1]);
  optimizer.step();
  setGradients(params, [1], null);
  optimizer.step();
  const second = optimizer.backward({ params: [[0], [0, 0]], momentumBuffers: [null, [4, 6]] });
  assert.is(second.grads[1], null);
  assert.is(second.momentumBuffers[0], null);
  assertSameBits(second.momentumBuffers[1]!, [4, 6]);
  const first = optimizer.backward({ params: second.params, momentumBuffers: second.momentumBuffers });
  assertSameBits(first.grads[1]!, [4, 6]);
  assert.is(first.grads[0], null);
});

test("what one call returns is taken by the next as it is", () => {
  const { params, optimizer } = small();
  for (let i = 0; i < 2; i++) {
    setGradients(params, [1], [1, 1]);
    optimizer.step();
  }
  const second = optimizer.backward({ params: [[1], [1, 1]] });
  const first = optimizer.backward(second);
  assertSameBits(first.params[0], second.params[0]);
});

test("nothing is carried from one call to the next but what is passed on", () => {
  const { params, optimizer } = small();
  setGradients(params, null, [1, 1]);
  optimizer.step();
  setGradients(params, [1], null);
  optimizer.step();
  optimizer.step();
  optimizer.backward({ params: [null, null], momentumBuffers: [null, [4, 6]] });
  const second = optimizer.backward({ params: [null, null] });
  assertSameBits(second.momentumBuffers[1]!, [0, 0]);
  const first = optimizer.backward({ params: [null, null] });
  assertSameBits(first.grads[1]!, [0, 0]);
});

test("recorded steps take no linear memory, and dispose forgets them", () => {
  const { engine, params, optimizer } = small();
  setGradients(params, [1], [2, 3]);
  optimizer.step();
  const before = engine.info.allocatedBytes;
  for (let i = 0; i < 3; i++) optimizer.step();
  assert.is(engine.info.allocatedBytes, before);
  for (let i = 0; i < 3; i++) optimizer.backward({ params: [[1], [1, 1]] });
  assert.is(engine.info.allocatedBytes, before);
  optimizer.dispose();
  assert.throws(() => optimizer.backward({ params: [null, null] }), /no recorded step/);
  for (const parameter of params) parameter.dispose();
  assert.is(engine.info.allocatedBytes, 0);
});

test("a parameter disposed after the step is an error that names it", () => {
  const { engine, optimizer } = small();
  const parameter = engine.parameter(1, { dtype: "float64", name: "gone" });
  optimizer.addParamGroup({ params: parameter });
  parameter.grad = [1];
  optimizer.step();
  parameter.dispose();
  assert.throws(() => optimizer.backward({ params: [null, null, null] }), /"gone".* was disposed/);
});

test("what a step read is kept as it was, whatever is changed after", () => {
  const { params, optimizer } = small({ weightDecay: 0.5 });
  setGradients(params, [1], [2, 3]);
  optimizer.step();
  params[0].data.fill(100);
  params[0].grad = null;
  Object.assign(optimizer.paramGroups[0], { lr: 100, momentum: 0, weightDecay: 0, maximize: true });
  const back = optimizer.backward({ params: [[1], null] });
  assertSameBits(back.grads[0]!, [-0.5]);
  assertSameBits(back.params[0], [0.75]);
  assert.equal(back.groups, [{ lr: -2.5, momentum: 0, dampening: 0, weightDecay: -1.5 }]);
});

test("steps give the same bits with and without differentiable", () => {
  const [recorded, plain] = [small(), small({ differentiable: false })];
  for (const { params, optimizer } of [recorded, plain]) {
    for (let i = 0; i < 3; i++) {
      setGradients(params, [0.1 * i], [0.3, -i]);
      optimizer.step();
    }
  }
  recorded.params.forEach(({ data }, i) => {
    assertSameBits(data, plain.params[i].data);
  });
});

test("cotangents that do not fit are errors, and the step can still be taken back", () => {
  const { params, optimizer } = small();
  setGradients(params, [1], [1, 1]);
  optimizer.step();
  assert.throws(() => optimizer.backward({ params: [[1]] }), /params must hold 2 cotangents.*got 1/);
  assert.throws(() => optimizer.backward({ params: [[1], [1]] }), /params\[1\] must have 2 elements.*got 1/);
  const tooMany = { params: [null, null], momentumBuffers: [null, null, null] };
  assert.throws(() => optimizer.backward(tooMany), /momentumBuffers must hold 2/);
  assert.throws(() => optimizer.backward(undefined as never), /takes cotangents \{ params.*got undefined/);
  assertSameBits(optimizer.backward({ params: [[1], [1, 2]] }).grads[1]!, [-0.5, -1]);
});

test("without differentiable there is nothing to take back", () => {
  const { params, optimizer } = small({ differentiable: false });
  setGradients(params, [1], [1, 1]);
  optimizer.step();
  assert.throws(() => optimizer.backward({ params: [null, null] }), /differentiable: true/);
});

test("scaling and clipping have no derivative and are refused", () => {
  const { params, optimizer } = small();
  setGradients(params, [1], [1, 1]);
  assert.throws(() => optimizer.step(undefined, { gradScale: 2 }), /gradScale has no derivative/);
  assertSameBits(params[0].data, [3]);
});

test.run();
