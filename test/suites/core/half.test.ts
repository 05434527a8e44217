// Parameters of 16 bits: bit patterns in Uint16Arrays, numbers rounded once, and all that a parameter can do.

import { clipGradNorm, clipGradValue, createEngine, type Parameter, SGD, type TensorData } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromHalf, toHalves } from "../../reference/half.js";
import { assertSameBits } from "../../support/bits.js";
import { rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

const test = suite("half");
const DTYPES = ["float16", "bfloat16"] as const;
const ALL = Uint16Array.from({ length: 65536 }, (_, i) => i);
const QUIET = { float16: 0x7e00, bfloat16: 0x7fc0 };

for (const dtype of DTYPES) {
  /** A parameter with a gradient and a buffer, of these numbers. */
  const make = (numbers: ArrayLike<number>, engine = createEngine({ rounding })): Parameter<typeof dtype> =>
    engine.parameter(numbers.length, { dtype, data: numbers });

  test(`${dtype}: every bit pattern comes back from its number`, () => {
    const numbers = Float32Array.from(ALL, (bits) => fromHalf(bits, dtype));
    const expected = ALL.map((bits, i) => (Number.isNaN(numbers[i]) ? QUIET[dtype] : bits));
    const parameter = make(numbers);
    assert.equal(parameter.data, expected);
    assertSameBits(parameter.toFloat32(), numbers);
  });

  test(`${dtype}: numbers are rounded once, ties to even, wherever they come in`, () => {
    const next = mulberry32(16);
    const ties: number[] = [];
    for (const bits of [0, 1, 2, 0x3ff, 0x400, 0x7f, 0x80, 0x3c00, 0x3c01, 0x3f80, 0x3f81, 0x7bfe, 0x7bff, 0x7f7e]) {
      const [low, high] = [fromHalf(bits, dtype), fromHalf(bits + 1, dtype)];
      if (!Number.isFinite(high)) continue;
      const middle = (low + high) / 2;
      // Near enough to the middle for float32 to round to it, which would then be rounded again.
      for (const x of [middle, middle * (1 + 2 ** -40), middle * (1 - 2 ** -40), low, high]) ties.push(x, -x);
    }
    const wild = [65504, 65519.99, 65520, 65536, 3.3895e38, 3.4e38, 1e300, -1e300, 1e-300, 5e-324, 2 ** -25, 2 ** -133];
    const numbers = [...ties, ...wild, Infinity, -Infinity, Number.NaN, 0, -0, ...values(next, 1000, "float64", 1e4)];
    const expected = numbers.map((x) => nearest(x, dtype));
    const parameter = make(numbers);
    assert.equal([...parameter.data], expected);
    parameter.grad = numbers;
    assert.equal([...parameter.grad!], expected);
    const optimizer = new SGD([parameter], { lr: 1 });
    optimizer.state.set(parameter, { momentumBuffer: numbers });
    assert.equal([...optimizer.state.get(parameter)!.momentumBuffer!], expected);
  });

  test(`${dtype}: gradients come as bit patterns, numbers and tensors`, () => {
    const parameter = make([0, 0]);
    parameter.grad = Uint16Array.of(0x3c00, 0x8001);
    assert.equal([...parameter.grad!], [0x3c00, 0x8001]);
    const numbers = [1.5, -2];
    const bits = [...toHalves(numbers, dtype)];
    for (const grad of [numbers, Float32Array.from(numbers), tensor("float32", [2], Float32Array.from(numbers))]) {
      parameter.grad = grad;
      assert.equal([...parameter.grad!], bits);
    }
    parameter.grad = tensor("float64", [2], Float64Array.from(numbers));
    assert.equal([...parameter.grad!], bits);
    const other = dtype === "float16" ? "bfloat16" : "float16";
    parameter.grad = tensor(other, [2], toHalves(numbers, other));
    assert.equal([...parameter.grad!], bits);
    // Of the same type nothing is converted, not even a NaN.
    parameter.grad = tensor(dtype, [2], Uint16Array.of(0xffff, 0x7fff));
    assert.equal([...parameter.grad!], [0xffff, 0x7fff]);
    parameter.grad = Int32Array.of(3, -4);
    assert.equal([...parameter.grad!], [...toHalves([3, -4], dtype)]);
  });

  test(`${dtype}: gradients of parameters of numbers are widened exactly`, () => {
    const engine = createEngine({ rounding });
    for (const wide of ["float32", "float64"] as const) {
      const parameter = engine.parameter([2, 2], { dtype: wide });
      const numbers = [0.5, -0, 2 ** -14, 3];
      parameter.grad = tensor(dtype, [2, 2], toHalves(numbers, dtype));
      assertSameBits(parameter.grad!, numbers);
      for (const [grad, message] of [
        [
          tensor(dtype, [4], toHalves(numbers, dtype)),
          /^assigned grad has data of a different size: 4 elements of shape \[4\], but belongs to/,
        ],
        [
          tensor(dtype, [2, 2], toHalves([1], dtype)),
          /^assigned grad has data of a different size: 1 elements of shape \[2,2\]/,
        ],
        [
          tensor(dtype, [2, 2], Float32Array.from(numbers)),
          /grad must be float32.* in its typed array, got .* in Float32Array/,
        ],
        [tensor("int8" as never, [2, 2], new Uint16Array(4)), /got int8 in Uint16Array/],
        [toHalves(numbers, dtype), /grad cannot be a Uint16Array, which may hold half precision/],
      ] as const) {
        assert.throws(() => (parameter.grad = grad as never), message);
        assertSameBits(parameter.grad!, numbers);
      }
    }
  });

  test(`${dtype}: scaling, clipping and zeroing in a step is what it is before and after it`, () => {
    const next = mulberry32(3);
    const numbers = values(next, 37, "float32");
    const gradient = values(next, 37, "float32");
    const [apart, together] = [make(numbers), make(numbers)];
    const options = { lr: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true };
    const optimizers = [apart, together].map((parameter) => new SGD([parameter], options));
    for (let step = 0; step < 3; step++) {
      for (const parameter of [apart, together]) parameter.grad = gradient;
      const scaled = apart.grad!.map(
        (bits) => toHalves([fromHalf(bits, dtype) * fromHalf(toHalves([0.3], dtype)[0], dtype)], dtype)[0],
      );
      apart.grad = scaled;
      const norm = clipGradNorm([apart], 0.5);
      optimizers[0].step();
      const report = optimizers[1].step({ gradScale: 0.3, maxGradNorm: 0.5, zeroGrad: true });
      assert.equal(report, { gradNorm: norm, skipped: false });
      assert.ok(norm > 0.5);
      assert.equal(together.data, apart.data);
      assert.equal(together.grad, new Uint16Array(37));
      assert.equal(optimizers[1].state.get(together)!.momentumBuffer, optimizers[0].state.get(apart)!.momentumBuffer);
    }
    together.grad = [2, -3, ...new Array(35).fill(0.25)];
    clipGradValue([together], 1);
    assert.equal([...together.grad!].slice(0, 3), [...toHalves([1, -1, 0.25], dtype)]);
    together.grad = new Float32Array(37).fill(Number.POSITIVE_INFINITY);
    assert.is(optimizers[1].step({ skipNonfinite: true }).skipped, true);
  });

  test(`${dtype}: state dicts carry buffers without conversion, into other types exactly or rounded once`, () => {
    const parameter = make([1, 2, 3]);
    parameter.grad = [0.1, -0.2, 1e-6];
    const optimizer = new SGD([parameter], { lr: 0.5, momentum: 0.5 });
    optimizer.step();
    const dict = structuredClone(optimizer.stateDict());
    const saved = dict.state[0].momentum_buffer as TensorData;
    assert.is(saved.dtype, dtype);
    assert.equal(saved.data, parameter.grad);
    saved.data[0] = 0xffff;
    optimizer.loadStateDict(dict);
    assert.equal(optimizer.state.get(parameter)!.momentumBuffer, saved.data);
    const wide = createEngine({ rounding }).parameter(3);
    const other = new SGD([wide], { lr: 0.5 });
    other.loadStateDict(dict);
    const numbers = Float32Array.from(saved.data, (bits) => fromHalf(bits, dtype));
    assertSameBits(other.state.get(wide)!.momentumBuffer!, numbers);
    dict.state[0].momentum_buffer = tensor("float64", [3], Float64Array.of(1 + 2 ** -9 + 2 ** -40, 1e-9, 7));
    optimizer.loadStateDict(dict);
    const rounded = [1 + 2 ** -9 + 2 ** -40, 1e-9, 7].map((x) => nearest(x, dtype));
    assert.equal([...optimizer.state.get(parameter)!.momentumBuffer!], rounded);
  });

  test(`${dtype}: takes 6 bytes per element with momentum, and lives in a memory of the caller's`, () => {
    const engine = createEngine({ rounding });
    const n = 100_000;
    const parameter = engine.parameter(n, { dtype });
    parameter.ensureGrad().fill(toHalves([1], dtype)[0]);
    new SGD([parameter], { lr: 0.1, momentum: 0.9 }).step();
    assert.ok(engine.info.allocatedBytes >= 6 * n && engine.info.allocatedBytes < 6.1 * n);
    const memory = new WebAssembly.Memory({ initial: 1 });
    let top = 64;
    const allocate = (bytes: number) => {
      top += Math.ceil(bytes / 8) * 8;
      return top - Math.ceil(bytes / 8) * 8;
    };
    const foreign = createEngine({ rounding, memory, allocate, free: () => {} });
    const bits = new Uint16Array(memory.buffer, 1026, 3);
    bits.set(toHalves([1, 2, 3], dtype));
    const wrapped = foreign.parameter(3, { dtype, address: 1026, gradAddress: 2050 });
    wrapped.grad = [1, 1, 1];
    new SGD([wrapped], { lr: 0.5, momentum: 0.5 }).step();
    assert.equal([...bits], [...toHalves([0.5, 1.5, 2.5], dtype)]);
    assert.throws(() => foreign.parameter(3, { dtype, address: 1025 }), /a multiple of 2 from 0/);
  });

  test(`${dtype}: what is not offered is refused by name`, () => {
    const parameter = make([1, 2]);
    assert.throws(
      () => (parameter.grad = { indices: Int32Array.of(0), values: [1] }),
      new RegExp(`is ${dtype}: sparse gradients are for float32 and float64`),
    );
    parameter.grad = [1, 1];
    const recorded = new SGD([parameter], { lr: 1, differentiable: true });
    assert.throws(() => recorded.step(), /differentiable steps are for float32 and float64/);
    assert.equal([...parameter.data], [...toHalves([1, 2], dtype)]);
    assert.throws(
      () => make(Uint16Array.of(1, 2)),
      /data of a 16-bit parameter is numbers.*parameter\.data\.set\(bits\)/,
    );
    assert.throws(
      () => (parameter.grad = new Float64Array(2)),
      /expected Float32Array, got Float64Array: convert it with Array/,
    );
    assert.throws(() => (parameter.grad = ["1", 2] as never), /grad must be an array of numbers/);
    for (const lr of [1e39, -1e39]) {
      const optimizer = new SGD([{ params: [parameter], lr }]);
      assert.throws(() => optimizer.step(), /value cannot be converted to type float without overflow/);
    }
  });
}

const tensor = (dtype: TensorData["dtype"], shape: number[], data: TensorData["data"]): TensorData => ({
  dtype,
  shape,
  data,
});

/** The bits nearest to a number, of two neighbours the even one: by search, of any double. */
function nearest(x: number, dtype: "float16" | "bfloat16"): number {
  if (Number.isNaN(x)) return QUIET[dtype];
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  const infinity = dtype === "float16" ? 0x7c00 : 0x7f80;
  let [low, high] = [0, infinity];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fromHalf(middle, dtype) <= size) low = middle;
    else high = middle;
  }
  // What would follow the largest number is as far from it as the one before.
  const above = high === infinity ? 2 * fromHalf(low, dtype) - fromHalf(low - 1, dtype) : fromHalf(high, dtype);
  const [down, up] = [size - fromHalf(low, dtype), above - size];
  const isUp = up < down || (up === down && low % 2 === 1) || (size === Number.POSITIVE_INFINITY && low < infinity);
  return sign | (isUp ? high : low);
}

test.run();
