// GradScaler in use: one pass is the same as unscaling first, a skipped step changes nothing, and what does not fit is refused.

import fc from "fast-check";
import { clipGradNorm, createEngine, type Parameter, SGD, type StepOptions } from "sgd-wasm";
import { GradScaler } from "sgd-wasm/amp";
import { decodeTorch, encodeTorch } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../../support/bits.js";
import { rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

const test = suite("GradScaler");

interface Training {
  params: Parameter[];
  optimizer: SGD;
  scaler: GradScaler;
}

function start(dtype: "float32" | "float64", initScale: number, seed = 1): Training {
  const engine = createEngine({ rounding });
  const next = mulberry32(seed);
  const params = [3, 17].map((n) => engine.parameter(n, { dtype, data: values(next, n, dtype) }));
  const optimizer = new SGD(params, { lr: 0.1, momentum: 0.9, weightDecay: 0.01 });
  const scaler = new GradScaler({ initScale, growthInterval: 2 });
  for (const parameter of params) parameter.grad = values(next, parameter.size, dtype, initScale);
  return { params, optimizer, scaler };
}

const gradients = ({ params }: Training) => params.map(({ grad }) => grad!.slice());
const picture = ({ params, optimizer }: Training) => [
  ...params.map(({ data }) => data.slice()),
  ...params.map((parameter) => optimizer.state.get(parameter)?.momentumBuffer?.slice() ?? null),
];

function assertSame(a: Training, b: Training): void {
  a.params.forEach((parameter, i) => {
    assertSameBits(parameter.data, b.params[i].data);
    const buffers = [a, b].map(({ optimizer, params }) => optimizer.state.get(params[i])!.momentumBuffer!);
    assertSameBits(buffers[0], buffers[1]);
  });
}

test("one pass gives the bits of unscaling, clipping and stepping one after the other", () => {
  const scales = fc.oneof(
    fc.constantFrom(1, 2, 1024, 65536, 2 ** -10),
    fc.double({ min: 0.01, max: 1e6, noNaN: true }),
  );
  const property = fc.property(
    fc.constantFrom("float32" as const, "float64" as const),
    scales,
    fc.option(fc.constantFrom(0.01, 1, 100), { nil: undefined }),
    fc.integer({ min: 1, max: 1e6 }),
    (dtype, scale, maxGradNorm, seed) => {
      const [once, separately] = [start(dtype, scale, seed), start(dtype, scale, seed)];
      for (const { scaler } of [once, separately]) scaler.scale(1);
      separately.scaler.unscale(separately.optimizer);
      const norm = maxGradNorm === undefined ? null : clipGradNorm(separately.params, maxGradNorm);
      assert.equal(separately.scaler.step(separately.optimizer), { gradNorm: null, skipped: false });
      const before = gradients(once);
      const report = once.scaler.step(once.optimizer, { maxGradNorm });
      assert.equal(report, { gradNorm: norm, skipped: false });
      assertSame(once, separately);
      gradients(once).forEach((gradient, i) => {
        assertSameBits(gradient, before[i]);
      });
    },
  );
  fc.assert(property, { seed: 5, numRuns: 100 });
});

test("a skipped step changes nothing, and zeroes gradients only where that was asked for", () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (const options of [undefined, { zeroGrad: true }, { maxGradNorm: 1 }, { maxGradNorm: 1, zeroGrad: true }]) {
      const training = start("float32", 1024);
      const { params, optimizer, scaler } = training;
      scaler.scale(1);
      params[1].grad![16] = bad;
      const before = picture(training);
      const held = gradients(training);
      const report = scaler.step(optimizer, options);
      assert.is(report.skipped, true);
      assert.is(report.gradNorm === null, options?.maxGradNorm === undefined);
      if (report.gradNorm !== null) assert.not.ok(Number.isFinite(report.gradNorm));
      assert.equal(picture(training), before);
      assert.is(optimizer.state.size, 0);
      params.forEach(({ grad }, i) => {
        assertSameBits(grad!, options?.zeroGrad ? held[i].map(() => 0) : held[i]);
      });
      scaler.update();
      assert.is(scaler.getScale(), 512);
    }
  }
});

test("a step's own gradScale multiplies as well", () => {
  const [once, twice] = [start("float32", 4), start("float32", 4)];
  for (const { scaler } of [once, twice]) scaler.scale(1);
  once.scaler.step(once.optimizer, { gradScale: 0.5 });
  twice.optimizer.step({ gradScale: 0.125 });
  assertSame(once, twice);
});

test("sparse gradients are looked at and unscaled", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter([4, 2]);
  const optimizer = new SGD([parameter], { lr: 1 });
  const scaler = new GradScaler({ initScale: 8 });
  assert.is(scaler.scale(0.5), 4);
  parameter.grad = { indices: Int32Array.of(1, 3), values: Float32Array.of(8, 16, 24, 32) };
  scaler.unscale(optimizer);
  assert.equal(parameter.sparseGrad!.values, Float32Array.of(1, 2, 3, 4));
  scaler.step(optimizer);
  scaler.update();
  assert.equal(parameter.data, Float32Array.of(0, 0, -1, -2, 0, 0, -3, -4));
  parameter.grad = { indices: Int32Array.of(2), values: Float32Array.of(1, Number.POSITIVE_INFINITY) };
  assert.equal(scaler.step(optimizer), { gradNorm: null, skipped: true });
});

test("a parameter that is in a group twice is unscaled once", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(1);
  const { warn } = console;
  console.warn = () => {};
  const optimizer = new SGD([parameter, parameter], { lr: 1 });
  console.warn = warn;
  const scaler = new GradScaler({ initScale: 2 });
  scaler.scale(1);
  parameter.grad = [8];
  scaler.unscale(optimizer);
  assert.is(parameter.grad![0], 4);
});

test("losses are scaled one by one, and pass through when disabled", () => {
  const scaler = new GradScaler({ initScale: 8 });
  assert.equal(scaler.scale([1, 0.5]), [8, 4]);
  assert.is(scaler.getScale(), 8);
  const disabled = new GradScaler({ enabled: false });
  assert.is(disabled.scale(3), 3);
  assert.is(disabled.getScale(), 1);
  assert.is(disabled.isEnabled(), false);
  assert.equal(disabled.stateDict(), {});
  const { optimizer, params } = start("float32", 1);
  params[0].grad![0] = Number.NaN;
  assert.equal(disabled.step(optimizer), { gradNorm: null, skipped: false });
});

test("a state goes through torch's format", () => {
  const scaler = new GradScaler({ initScale: 3, growthFactor: 1.7, backoffFactor: 0.3, growthInterval: 7 });
  const loaded = decodeTorch(encodeTorch(scaler.stateDict())) as ReturnType<GradScaler["stateDict"]>;
  const other = new GradScaler();
  other.scale(1);
  other.loadStateDict(loaded);
  assert.equal(other.stateDict(), scaler.stateDict());
  assert.equal([other.getGrowthFactor(), other.getBackoffFactor(), other.getGrowthInterval()], [1.7, 0.3, 7]);
});

test("an option that is undefined has its default", () => {
  const undefinedOptions = { initScale: undefined, growthFactor: undefined, backoffFactor: undefined };
  const scaler = new GradScaler({ ...undefinedOptions, growthInterval: undefined, enabled: undefined });
  assert.equal(scaler.stateDict(), new GradScaler().stateDict());
  assert.is(scaler.getScale(), 65536);
});

test("what does not fit is refused by name", () => {
  const { optimizer, scaler } = start("float32", 2);
  const refused: [() => unknown, RegExp, string][] = [
    [() => new GradScaler({ initSkale: 1 } as never), /GradScaler has no option 'initSkale'/, "TypeError"],
    [() => new GradScaler({ initScale: "1" as never }), /^initScale must be a number, got string$/, "TypeError"],
    [() => scaler.scale("1" as never), /^outputs must be a number or a list of numbers, got string$/, "RangeError"],
    [() => scaler.step(optimizer), /^Attempted step but/, "TypeError"],
    [() => scaler.scale(1), /./, ""],
    [() => scaler.unscale(undefined as never), /^a scaler takes an SGD, got undefined$/, "TypeError"],
    [() => scaler.step({} as never), /^a scaler takes an SGD, got object$/, "TypeError"],
    [() => scaler.step(optimizer, (() => 1) as StepOptions), /Closure use is not currently supported/, "Error"],
    [() => scaler.step(optimizer, { maxNorm: 1 } as StepOptions), /step has no option 'maxNorm'/, "TypeError"],
    [() => scaler.step(optimizer, { gradScale: "1" as never }), /gradScale must be a number, got string/, "TypeError"],
    [() => scaler.update("1" as never), /^newScale must be a number, got string$/, "TypeError"],
    [() => scaler.loadStateDict([] as never), /state dict must be an object, got Array/, "TypeError"],
    [
      () => scaler.loadStateDict({ scale: "2" as never }),
      /scale of a scaler's state dict must be a number/,
      "TypeError",
    ],
  ];
  for (const [run, message, name] of refused) {
    if (name === "") run();
    else {
      assert.throws(run, (error: Error) => {
        assert.match(error.message, message);
        assert.is(error.name, name);
        return true;
      });
    }
  }
  // None of it has counted as a step.
  assert.is(scaler.step(optimizer).skipped, false);
});

test.run();
