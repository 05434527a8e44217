// Arrays and options whose elements are code: each is read once, before the first change, so that nothing it does in between
// leaves anything half done.

import { clipGradNorm, createEngine, type Engine, SGD, type StepOptions } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../../support/bits.js";
import { rounding } from "../../support/context.js";

const test = suite("untrusted arrays");

/** The numbers 5 and 6, where `meanwhile` runs whenever the second is read, with the number of times that it was. */
function reading(meanwhile: (time: number) => unknown): number[] {
  let time = 0;
  return new Proxy([5, 6], {
    get: (target, key) => (key === "1" ? (meanwhile(++time) ?? 6) : Reflect.get(target, key)),
  });
}

/** Everything that copies an array in, and reads it back. */
const PLACES: Readonly<Record<string, (engine: Engine, values: number[]) => ArrayLike<number>>> = {
  data: (engine, data) => engine.parameter(2, { data }).data,
  "data of 16 bits": (engine, data) => engine.parameter(2, { data, dtype: "bfloat16" }).toFloat32(),
  grad(engine, values) {
    const parameter = engine.parameter(2);
    parameter.grad = values;
    return parameter.grad!;
  },
  "another grad": (engine, values) => {
    const parameter = engine.parameter(2, { dtype: "float64" });
    parameter.ensureGrad();
    parameter.grad = values;
    return parameter.grad!;
  },
  "rows of a grad": (engine, values) => {
    const parameter = engine.parameter([2, 1]);
    parameter.grad = { indices: Int32Array.of(0, 1), values };
    return parameter.sparseGrad!.values;
  },
  momentumBuffer: (engine, values) => {
    const parameter = engine.parameter(2);
    const { state } = new SGD([parameter], { lr: 1 });
    state.set(parameter, { momentumBuffer: values });
    return state.get(parameter)!.momentumBuffer!;
  },
};

test("an array that changes while it is read gives what it gave first", () => {
  for (const [name, put] of Object.entries(PLACES)) {
    const engine = createEngine({ rounding });
    const changing = reading((time) => (time > 1 ? "six" : undefined));
    assertSameBits(Float64Array.from(put(engine, changing)), [5, 6], name);
    const throwing = reading((time) => {
      if (time > 1) throw new Error("read again");
    });
    assertSameBits(Float64Array.from(put(engine, throwing)), [5, 6], name);
  }
});

test("an array that makes the memory grow while it is read is copied all the same", () => {
  for (const [name, put] of Object.entries(PLACES)) {
    const engine = createEngine({ rounding });
    const before = engine.memory.buffer;
    const growing = reading(() => void engine.parameter(100_000));
    assertSameBits(Float64Array.from(put(engine, growing)), [5, 6], name);
    assert.is.not(engine.memory.buffer, before);
  }
});

test("an array that throws leaves the gradient, the buffer and the memory as they were", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(2);
  const { state } = new SGD([parameter], { lr: 1 });
  parameter.grad = [1, 2];
  state.set(parameter, { momentumBuffer: [3, 4] });
  const { allocatedBytes } = engine.info;
  const throwing = reading(() => {
    throw new Error("mine");
  });
  const refused = [
    () => (parameter.grad = throwing),
    () => (parameter.grad = { indices: Int32Array.of(0, 1), values: throwing }),
    () => (state.get(parameter)!.momentumBuffer = throwing),
    () => engine.parameter(2, { data: throwing }),
  ];
  for (const call of refused) assert.throws(call, /^mine$/);
  assertSameBits(parameter.grad!, [1, 2]);
  assertSameBits(state.get(parameter)!.momentumBuffer!, [3, 4]);
  assert.is(engine.info.allocatedBytes, allocatedBytes);
});

test("a parameter that is disposed while its gradient is read takes no memory", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(2);
  assert.throws(() => (parameter.grad = reading(() => parameter.dispose())), /was disposed/);
  assert.is(engine.info.allocatedBytes, 0);
});

test("what only looks like an array of numbers is refused in words", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(2);
  const refused: [grad: unknown, message: RegExp][] = [
    [{ length: 2 ** 50 }, /an array of numbers, got undefined at index 0/],
    [{ length: 2.5, 0: 1, 1: 2, 2: 3 }, /an array of numbers, got object/],
    [{ length: "2", 0: 1, 1: 2 }, /an array of numbers, got object/],
    [Object.assign(new Array(2), { 0: 1 }), /an array of numbers, got undefined at index 1/],
    [[1, 2n], /an array of numbers, got bigint at index 1/],
    [new BigInt64Array(0), /an array of numbers, got BigInt64Array/],
    [new DataView(new ArrayBuffer(8)), /an array of numbers, got DataView/],
    [{ indices: { [Symbol.toStringTag]: "Int32Array", length: 0 }, values: [] }, /indices must be an Int32Array or/],
    [{ dtype: Symbol("float32"), shape: [2], data: [] }, /got Symbol\(float32\) in Array/],
    [{ dtype: "float32", shape: [Symbol("2")], data: new Float32Array(2) }, /of shape \[Symbol\(2\)\]/],
    [{ dtype: "float32", shape: new Array(1), data: new Float32Array(2) }, /2 elements of shape \[\]/],
    [{ dtype: "float32", data: new Float32Array(2) }, /2 elements of shape \[undefined\]/],
  ];
  for (const [grad, message] of refused) assert.throws(() => (parameter.grad = grad as never), message);
  assert.is(parameter.grad, null);
  assert.throws(
    () => new SGD([parameter], { lr: 1, momentum: 1, nesterov: true, dampening: Symbol("0") as never }),
    /zero dampening/,
  );
});

test("a dimension of -0 is 0", () => {
  const { shape, size } = createEngine({ rounding }).parameter([2, -0]);
  assert.ok(Object.is(shape[1], 0) && Object.is(size, 0));
});

test("what the kernel relies on cannot be assigned", () => {
  const parameter = createEngine({ rounding }).parameter(2) as unknown as Record<string, unknown>;
  for (const name of ["shape", "size", "dtype", "address", "gradAddress"]) {
    assert.throws(() => (parameter[name] = 4096), TypeError);
  }
  assert.is(parameter.size, 2);
});

test("options of a step are those at its beginning", () => {
  const parameter = createEngine({ rounding }).parameter(1);
  parameter.grad = [1];
  const optimizer = new SGD([parameter], { lr: 1 });
  const options: StepOptions = { gradScale: 2 };
  optimizer.step(() => (options.gradScale = "x" as never), options);
  let reads = 0;
  optimizer.step({
    get gradScale() {
      return reads++ === 0 ? 2 : Number.NaN;
    },
  });
  assertSameBits(parameter.data, [-4]);
});

test("options that are no record are refused, whatever they hold", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(1);
  const optimizer = new SGD([parameter], { lr: 1 });
  const refused: [call: (options: never) => unknown, who: string][] = [
    [(options) => createEngine(options), "createEngine"],
    [(options) => engine.parameter(1, options), "a parameter"],
    [(options) => new SGD([parameter], options), "SGD"],
    [(options) => optimizer.step(() => 1, options), "step"],
    [(options) => optimizer.loadStateDict(optimizer.stateDict(), options), "loadStateDict"],
  ];
  for (const [call, who] of refused) {
    for (const options of [[], new Map(), new Set(), new Float32Array(0), engine.memory]) {
      assert.throws(
        () => call(options as never),
        (error: Error) =>
          error instanceof TypeError && error.message.startsWith(`options of ${who} must be an object, got `),
      );
    }
  }
  assertSameBits(parameter.data, [0]);
});

test("options that are true or false are nothing else", () => {
  const parameter = createEngine({ rounding }).parameter(1);
  const optimizer = new SGD([parameter], { lr: 1 });
  const options = (key: string) => ({ [key]: "no" }) as never;
  const refused: [call: () => unknown, key: string][] = [
    [() => clipGradNorm([parameter], 1, options("errorIfNonfinite")), "errorIfNonfinite"],
    [() => optimizer.registerStateDictPreHook(() => {}, options("prepend")), "prepend"],
    [() => optimizer.loadStateDict(optimizer.stateDict(), options("keepHyperparameters")), "keepHyperparameters"],
    [() => optimizer.step(options("zeroGrad")), "zeroGrad"],
  ];
  for (const [call, key] of refused) assert.throws(call, new RegExp(`^${key} must be true or false, got string$`));
});

test("a state dict with holes is refused, and the optimizer is as before", () => {
  const parameter = createEngine({ rounding }).parameter(1);
  const optimizer = new SGD([parameter], { lr: 1 });
  const dict = optimizer.stateDict();
  const groups = optimizer.paramGroups;
  assert.throws(
    () => optimizer.loadStateDict({ ...dict, param_groups: new Array(1) }),
    /parameter group 0 .* got undefined/,
  );
  assert.is(optimizer.paramGroups, groups);
});

test.run();
