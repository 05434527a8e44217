// Gradient clipping against torch.nn.utils, and as an option of step().

import { clipGradNorm, clipGradValue, createEngine, type Parameter, SGD, type StepOptions } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import file from "../../fixtures/data/clip.json.gz";
import { DTYPE, type JsonNumber, type ShortType } from "../../reference/spelling.js";
import { assertSameBits, type FloatArray, firstDifference, fromHex } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

interface Outcome {
  norm?: { dtype: ShortType; hex: string };
  error?: { message: string };
  grads: (string | null)[];
}

interface ClipSet {
  name: string;
  dtypes: ShortType[];
  grads: (string | null)[];
  clip_grad_norm: (Outcome & { max_norm: JsonNumber; norm_type: JsonNumber; error_if_nonfinite: boolean })[];
  clip_grad_value: (Outcome & { clip_value: JsonNumber })[];
}

const { sets } = file as { sets: ClipSet[] };

/**
 * Relative. PyTorch sums in the gradients' dtype and in an order of its own; here sums are float64, rounded once. So the
 * two may differ by PyTorch's rounding errors. Multiplying by the coefficient adds a rounding.
 */
const TOLERANCE = { f32: 2e-6, f64: 4e-15 } as const;

const test = suite("clip");
/** One for all cases: some engines of JavaScript take a millisecond to make one. */
const engine = createEngine({ rounding });

function parametersOf({ dtypes, grads }: ClipSet): Parameter[] {
  return grads.map((hex, i) => {
    const dtype = DTYPE[dtypes[i]];
    const gradient = hex === null ? null : fromHex(hex, dtype);
    const parameter = engine.parameter(gradient?.length ?? 3, { dtype });
    parameter.grad = gradient;
    return parameter;
  });
}

/** NaN, infinities and zeros are the same; others within the tolerance. */
function isNear(actual: number, expected: number, dtype: ShortType): boolean {
  if (!Number.isFinite(expected) || expected === 0) return Object.is(actual, expected);
  // Of subnormal numbers, the last bit may differ.
  const unit = dtype === "f32" ? 2 ** -149 : 2 ** -1074;
  return Math.abs(actual - expected) <= Math.max(TOLERANCE[dtype] * Math.abs(expected), unit);
}

function assertNear(actual: FloatArray, expected: FloatArray, dtype: ShortType, where: string): void {
  assert.is(actual.length, expected.length, where);
  expected.forEach((x, i) => {
    assert.ok(isNear(actual[i], x, dtype), `${where}, element ${i}: got ${actual[i]}, expected ${x}`);
  });
}

function checkGradients(set: ClipSet, params: Parameter[], expected: (string | null)[], where: string): void {
  params.forEach(({ grad, dtype }, i) => {
    const hex = expected[i];
    if (hex === null || grad === null) {
      assert.is(grad, hex, where);
      return;
    }
    const wanted = fromHex(hex, dtype);
    // Not clipped at all: then not a bit may differ. Else the coefficient has the precision of the coarsest dtype.
    if (firstDifference(wanted, fromHex(set.grads[i]!, dtype)) < 0) assertSameBits(grad, wanted, where);
    else assertNear(grad, wanted, coarsest(set), `${where}, gradient ${i}`);
  });
}

/** A set with float32 in it has the precision of float32. */
const coarsest = ({ dtypes }: ClipSet): ShortType => (dtypes.includes("f32") ? "f32" : "f64");

function checkNorm(set: ClipSet, expected: ClipSet["clip_grad_norm"][number]): void {
  const { max_norm, norm_type, error_if_nonfinite: errorIfNonfinite } = expected;
  const where = `${set.name}, maxNorm ${max_norm}, normType ${norm_type}, errorIfNonfinite ${errorIfNonfinite}`;
  const params = parametersOf(set);
  const clip = () => clipGradNorm(params, Number(max_norm), { normType: Number(norm_type), errorIfNonfinite });
  if (expected.error?.message.includes("non-finite")) {
    const isRight = ({ message }: Error) => /non-finite.*set `errorIfNonfinite=false`$/.test(message);
    assert.throws(clip, isRight, where);
  } else if (expected.error === undefined) {
    const { dtype, hex } = expected.norm!;
    const total = clip();
    const wanted = fromHex(hex, DTYPE[dtype])[0];
    assert.ok(isNear(total, wanted, coarsest(set)), `${where}: got ${total}, expected ${wanted}`);
    record(`clip norm ${set.name}`, Float64Array.of(total));
  }
  checkGradients(set, params, expected.grads, where);
  for (const { grad } of params) if (grad) record(`clip norm ${set.name}`, grad);
}

for (const set of sets) {
  test(`clipGradNorm gives what PyTorch gives for ${set.name}`, () => {
    assert.ok(set.clip_grad_norm.length > 0);
    for (const expected of set.clip_grad_norm) checkNorm(set, expected);
  });
}

test("clipGradValue gives PyTorch's bits", () => {
  let compared = 0;
  for (const set of sets) {
    for (const { clip_value, grads } of set.clip_grad_value) {
      const params = parametersOf(set);
      clipGradValue(params, Number(clip_value));
      params.forEach(({ grad, dtype }, i) => {
        const hex = grads[i];
        const where = `${set.name}, clipValue ${clip_value}, gradient ${i}`;
        if (hex === null) assert.is(grad, null, where);
        else assertSameBits(grad!, fromHex(hex, dtype), where);
        compared++;
      });
    }
  }
  assert.ok(compared > 500);
});

test("takes one parameter, a Set or a generator, and refuses anything else", () => {
  const parameter = createEngine({ rounding }).parameter(2);
  parameter.grad = [3, 4];
  assert.is(clipGradNorm(parameter, 10), 5);
  assert.is(clipGradNorm(new Set([parameter]), 10), 5);
  assert.is(clipGradNorm([parameter].values(), 10), 5);
  assert.is(clipGradNorm({ weight: parameter }, 10), 5);
  assert.is(clipGradNorm(new Map([["weight", parameter]]), 10), 5);
  const optimizer = new SGD([parameter], { lr: 1 });
  assert.throws(() => clipGradNorm(optimizer as never, 1), /got an optimizer: write optimizer\.paramGroups\.flatMap/);
  assert.throws(() => clipGradNorm([1] as never, 1), /params must hold parameters, got number/);
  assert.throws(() => clipGradNorm([parameter], "1" as never), /maxNorm must be a number, got string/);
  assert.throws(() => clipGradNorm([parameter], 1, { norm: 1 } as never), /clipGradNorm has no option 'norm'/);
  assert.throws(
    () => clipGradNorm([parameter], 1, null as never),
    /options of clipGradNorm must be an object, got null/,
  );
  assert.throws(() => clipGradValue([parameter], null as never), /clipValue must be a number/);
  parameter.dispose();
  assert.throws(() => clipGradNorm([parameter], 1), /was disposed/);
});

/** A model of several parameters and groups after one step, so that buffers exist; the same for every call. */
function model(dtypes: readonly ("float32" | "float64")[], maximize: boolean) {
  const next = mulberry32(11);
  const params = [5, 16, 1, 33].map((size, i) => {
    const dtype = dtypes[i % dtypes.length];
    return engine.parameter(size, { dtype, data: values(next, size, dtype) });
  });
  const groups = [
    { params: params.slice(0, 2), momentum: 0.9, nesterov: true },
    { params: params.slice(2), weightDecay: 0.1 },
  ];
  const optimizer = new SGD(groups, { lr: 0.1, maximize });
  const setGradients = () => {
    for (const parameter of params) parameter.grad = values(next, parameter.size, parameter.dtype);
  };
  setGradients();
  params[3].grad = null;
  optimizer.step();
  setGradients();
  params[1].grad = null;
  return { params, optimizer };
}

/** The calls that one step with these options stands for. */
function separateCalls({ params, optimizer }: ReturnType<typeof model>, options: StepOptions): void {
  const { gradScale, maxGradNorm, zeroGrad } = options;
  if (gradScale !== undefined) {
    for (const { grad, dtype } of params) {
      const scale = dtype === "float32" ? Math.fround(gradScale) : gradScale;
      grad?.set(grad.map((x) => x * scale));
    }
  }
  if (maxGradNorm !== undefined) clipGradNorm(params, maxGradNorm);
  optimizer.step();
  if (zeroGrad) optimizer.zeroGrad();
}

for (const dtypes of [["float32"], ["float64"], ["float32", "float64"]] as const) {
  test(`step with options gives the bits of the separate calls for ${dtypes.join(" and ")}`, () => {
    for (const gradScale of [undefined, 1, 0.1, -3, 0, 1e30, Number.POSITIVE_INFINITY, Number.NaN]) {
      for (const maxGradNorm of [undefined, 0.01, 0.5, 1e6, 0, -1, Number.NaN]) {
        for (const flags of [0, 1, 2, 3])
          checkStep(dtypes, { gradScale, maxGradNorm, zeroGrad: flags > 1 }, flags % 2 > 0);
      }
    }
  });
}

function checkStep(dtypes: Parameters<typeof model>[0], options: StepOptions, maximize: boolean): void {
  const where = `${JSON.stringify(options)}, maximize ${maximize}`;
  const together = model(dtypes, maximize);
  const apart = model(dtypes, maximize);
  const before = together.params.map(({ grad }) => grad?.slice());
  separateCalls(apart, options);
  together.optimizer.step(undefined, options);
  together.params.forEach((parameter, i) => {
    const other = apart.params[i];
    assertSameBits(parameter.data, other.data, where);
    const buffer = together.optimizer.state.get(parameter)?.momentumBuffer;
    if (buffer) assertSameBits(buffer, apart.optimizer.state.get(other)!.momentumBuffer!, where);
    if (parameter.grad === null) assert.is(before[i], undefined);
    else assertSameBits(parameter.grad, options.zeroGrad ? parameter.data.map(() => 0) : before[i]!, where);
    record(`step with options, ${dtypes}`, parameter.data);
  });
}

test("the coefficient's 1e-6 is a float32 where norms are: PyTorch's bits", () => {
  const parameter = engine.parameter(1);
  parameter.grad = [2.740000013545796e-7];
  assert.is(clipGradNorm([parameter], 1e-7), 2.740000013545796e-7);
  assert.is(parameter.grad![0], 2.150706635006827e-8);
  parameter.dispose();
});

test("a norm that is not finite is an error with errorIfNonfinite, and nothing changes", () => {
  const engine = createEngine({ rounding });
  const params = [engine.parameter(2), engine.parameter(1)];
  params[0].grad = [1, Number.NaN];
  params[1].grad = [7];
  assert.throws(
    () => clipGradNorm(params, 1, { errorIfNonfinite: true }),
    /The total norm of order 2 .* is non-finite/,
  );
  assertSameBits(params[0].grad!, [1, Number.NaN]);
  assertSameBits(params[1].grad!, [7]);
});

test("step refuses options that it does not know, before the closure is called", () => {
  const { optimizer, params } = model(["float32"], false);
  const before = params.map(({ data }) => data.slice());
  let calls = 0;
  const closure = () => calls++;
  assert.throws(() => optimizer.step(closure, { gradscale: 1 } as object), /no option 'gradscale'/);
  assert.throws(
    () => optimizer.step(closure, { maxGradNorm: "1" } as object),
    /maxGradNorm must be a number, got string/,
  );
  assert.is(calls, 0);
  params.forEach(({ data }, i) => {
    assertSameBits(data, before[i]);
  });
});

test.run();
