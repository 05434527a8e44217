// Sparse gradients against PyTorch's single-tensor path. The arithmetic is written down in test/fixtures/SPARSE.md.

import { createEngine, type Parameter, SGD, type SGDOptions } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import fixture from "../../fixtures/data/sparse.json.gz";
import { assertSameBits, fromHex } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";

interface Rows {
  indices: number[][];
  values: string;
  coalesced: boolean;
}

interface Step {
  grad?: Rows;
  dense_grad?: string;
  zero_grad?: boolean;
  error?: { type: string; message: string };
  param: string;
  buffer: { sparse: boolean; dense: string } | null;
}

interface Case {
  name: string;
  dtype: "f32" | "f64";
  shape: number[];
  sparse_dim: number;
  options: {
    lr: number;
    momentum?: number;
    dampening?: number;
    nesterov?: boolean;
    maximize?: boolean;
    weight_decay?: number;
  };
  initial: string;
  steps: Step[];
}

const test = suite("sparse gradients");
/** One for all cases: some engines of JavaScript take a millisecond to make one. */
const engine = createEngine({ rounding });
const cases = (fixture as { cases: Case[] }).cases;

/**
 * What the library cannot be told is left out: gradients sparse in two dimensions, and that a gradient of single elements was
 * coalesced, which changes PyTorch's rounding (of longer rows it does not).
 */
function expressible({ sparse_dim, shape, steps }: Case): boolean {
  const single = shape.length === 1;
  return sparse_dim === 1 && !(single && steps.some(({ grad }) => grad?.coalesced && grad.indices[0].length > 1));
}

function run(c: Case): void {
  const dtype = c.dtype === "f32" ? "float32" : "float64";
  const parameter = engine.parameter(c.shape, { dtype, data: fromHex(c.initial, dtype) });
  const { weight_decay = 0, ...others } = c.options;
  const optimizer = new SGD([parameter], { ...others, weightDecay: weight_decay } as SGDOptions);
  for (const [i, step] of c.steps.entries()) {
    const what = `${c.name} ${c.dtype} step ${i}`;
    if (step.zero_grad) optimizer.zeroGrad();
    setGradient(parameter, step, dtype);
    if (step.error) {
      checkError(optimizer, parameter, step.error.message, reasonOf(c, step), what);
      break;
    }
    optimizer.step();
    check(optimizer, parameter, step, dtype, what);
  }
  parameter.dispose();
  assert.is(engine.info.allocatedBytes, 0, "nothing is left behind");
}

/** What the step is told, where PyTorch has one text for all three. */
function reasonOf({ options }: Case, { grad }: Step): RegExp {
  if (options.weight_decay)
    return /has a sparse gradient, and its group a weightDecay of 0\.\d+, .* weightDecay: 0, or/;
  if (grad)
    return /has a sparse gradient and a dense momentum buffer, which nesterov cannot combine: drop .* nesterov: false/;
  return /has a dense gradient, but the momentum buffer of sparse ones: drop the buffer with optimizer\.state\.delete/;
}

/** PyTorch has scaled the buffer by the momentum when it fails; here nothing has changed. */
function checkError(optimizer: SGD, parameter: Parameter, pytorch: string, reason: RegExp, what: string): void {
  assert.match(pytorch, "add(sparse, dense) is not supported");
  const before = optimizer.state.get(parameter)?.momentumBuffer?.slice();
  const elements = parameter.data.slice();
  assert.throws(
    () => optimizer.step(),
    (error: Error) => error.constructor === Error && reason.test(error.message),
    what,
  );
  assertSameBits(parameter.data, elements, what);
  const after = optimizer.state.get(parameter)?.momentumBuffer;
  if (before && after) assertSameBits(after, before, what);
  else assert.is(after, before, what);
}

function setGradient(parameter: Parameter, { grad, dense_grad }: Step, dtype: "float32" | "float64"): void {
  if (grad) parameter.grad = { indices: Int32Array.from(grad.indices[0]), values: fromHex(grad.values, dtype) };
  else if (dense_grad !== undefined) parameter.grad = fromHex(dense_grad, dtype);
}

function check(optimizer: SGD, parameter: Parameter, step: Step, dtype: "float32" | "float64", what: string): void {
  record("sparse", parameter.data);
  if (rounding === "separate") return;
  assertSameBits(parameter.data, fromHex(step.param, dtype), `${what}: parameter`);
  const buffer = optimizer.state.get(parameter)?.momentumBuffer ?? null;
  if (step.buffer === null) assert.is(buffer, null, what);
  else if (buffer) assertSameBits(buffer, fromHex(step.buffer.dense, dtype), `${what}: buffer`);
  else assert.unreachable(`${what}: no buffer`);
}

test("the fixture has cases of every kind", () => {
  assert.ok(cases.filter(expressible).length > 300);
});

for (const dtype of ["f32", "f64"] as const) {
  test(`${dtype}: parameters and buffers are PyTorch's after every step, and so are the errors`, () => {
    for (const c of cases) if (c.dtype === dtype && expressible(c)) run(c);
  });
}

test("a sparse gradient that does not fit is refused, and the gradient stays as it was", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter([3, 2]);
  const values = new Float32Array([1, 2]);
  parameter.grad = { indices: Int32Array.of(1), values };
  const refused = (grad: unknown, text: RegExp) =>
    assert.throws(() => {
      parameter.grad = grad as never;
    }, text);
  refused({ indices: Int32Array.of(3), values }, /index 3 .* 3 rows/);
  refused({ indices: Int32Array.of(-1), values }, /index -1 /);
  refused({ indices: Int32Array.of(0, 1), values }, /different size/);
  refused({ indices: [0], values }, /Int32Array or a Uint32Array/);
  refused({ indices: Int32Array.of(0), values: new Float64Array(2) }, /different type/);
  assert.equal([...(parameter.sparseGrad?.indices ?? [])], [1]);
  assert.is(parameter.grad, null);
  engine.dispose();
});

test("scaling, clipping and zeroing take sparse gradients along", () => {
  const engine = createEngine({ rounding });
  const [fused, separate] = [0, 1].map(() => engine.parameter([4, 2], { data: [1, 2, 3, 4, 5, 6, 7, 8] }));
  for (const parameter of [fused, separate]) {
    parameter.grad = { indices: Uint32Array.of(2, 0, 2), values: [3, 4, 1, 1, 3, 4] };
  }
  // Rows 2 and 0 are (6, 8) and (1, 1) after summing: the norm is √102.
  new SGD([fused], { lr: 0.5 }).step(undefined, { gradScale: 2, maxGradNorm: Math.sqrt(102), zeroGrad: true });
  const expected = [0.5, 1.5, 3, 4, 2, 2, 7, 8];
  for (const [i, x] of fused.data.entries()) assert.ok(Math.abs(x - expected[i]) < 1e-6, `${x} for ${expected[i]}`);
  assert.is(fused.sparseGrad?.indices.length, 0);
  assert.is(separate.sparseGrad?.indices.length, 3);
  record("sparse options", fused.data);
  engine.dispose();
});

test.run();
