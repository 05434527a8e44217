// A memory of the caller's: blocks of any alignment, gradients that their owner writes, and tensors that move.

import { createEngine, type EngineOptions, type Parameter, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../../support/bits.js";
import { rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

const PAGE = 65536;
const OPTIONS = { lr: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true };
const DTYPES = ["float32", "float64"] as const;
const test = suite("foreign addresses");

/** A heap whose addresses are `offset` beyond a multiple of 64, that knows what is allocated. */
class Heap {
  readonly memory = new WebAssembly.Memory({ initial: 4 });
  readonly blocks = new Map<number, number>();
  readonly #offset: number;
  #top = 64;

  constructor(offset = 0) {
    this.#offset = offset;
  }

  options(): EngineOptions {
    const { memory } = this;
    return { rounding, memory, allocate: (n) => this.allocate(n), free: (address, n) => this.free(address, n) };
  }

  allocate(byteLength: number): number {
    const address = this.#top + this.#offset;
    this.#top = Math.ceil((address + byteLength) / 64) * 64;
    this.blocks.set(address, byteLength);
    return address;
  }

  free(address: number, byteLength: number): void {
    assert.is(byteLength, this.blocks.get(address), "what had been asked for");
    this.blocks.delete(address);
  }

  /** Whether bytes from `address` on lie in one block. */
  holds(address: number, byteLength: number): boolean {
    return [...this.blocks].some(([start, size]) => start <= address && address + byteLength <= start + size);
  }

  floats(address: number, n: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, n);
  }
}

function train(parameter: Parameter, steps = 3): void {
  const next = mulberry32(parameter.size);
  const optimizer = new SGD([parameter], OPTIONS);
  parameter.data.set(values(next, parameter.size, parameter.dtype));
  for (let i = 0; i < steps; i++) {
    parameter.grad = values(next, parameter.size, parameter.dtype);
    optimizer.step();
  }
}

test("any malloc will do: whatever its alignment, blocks are aligned within what was asked for, and given back", () => {
  for (const dtype of DTYPES) {
    for (const n of [0, 1, 2, 3, 4, 5, 37]) {
      const expected = createEngine({ rounding }).parameter(n, { dtype });
      train(expected);
      for (let offset = 0; offset < 16; offset++) {
        const heap = new Heap(offset);
        const engine = createEngine(heap.options());
        const parameter = engine.parameter(n, { dtype });
        train(parameter);
        assertSameBits(parameter.data, expected.data, `${n} of ${dtype}, ${offset} beyond`);
        for (const { byteOffset, byteLength } of [parameter.data, parameter.grad!]) {
          assert.is(byteOffset % 16, 0);
          assert.ok(heap.holds(byteOffset, byteLength));
        }
        const live = [...heap.blocks.values()].reduce((sum, size) => sum + size, 0);
        assert.is(engine.info.allocatedBytes, live);
        engine.dispose();
        assert.is(heap.blocks.size, 0);
        assert.is(engine.info.allocatedBytes, 0);
      }
    }
  }
});

test("an allocator that aligns is asked for no more than is needed", () => {
  const heap = new Heap();
  createEngine(heap.options()).parameter(37);
  assert.equal([...heap.blocks.values()], [148]);
});

test("a gradient lives where its owner writes it, and is there from the start", () => {
  const heap = new Heap(8);
  const [p, g] = [heap.allocate(20), heap.allocate(20)];
  heap.floats(p, 5).set([1, 2, 3, 4, 5]);
  heap.floats(g, 5).set([2, 2, 2, 2, 4]);
  const engine = createEngine(heap.options());
  const parameter = engine.parameter(5, { address: p, gradAddress: g });
  assert.is(heap.blocks.size, 2);
  assert.is(parameter.gradAddress, g);
  assertSameBits(parameter.grad!, [2, 2, 2, 2, 4]);
  const optimizer = new SGD([parameter], { lr: 0.5 });
  optimizer.step();
  assertSameBits(heap.floats(p, 5), [0, 1, 2, 3, 3]);
  heap.memory.grow(1);
  heap.floats(g, 5).fill(1);
  optimizer.step({ zeroGrad: true });
  assertSameBits(heap.floats(p, 5), [-0.5, 0.5, 1.5, 2.5, 2.5]);
  assertSameBits(heap.floats(g, 5), [0, 0, 0, 0, 0]);
  parameter.dispose();
  assert.is(heap.blocks.size, 2, "what the owner allocated stays");
  assert.throws(() => parameter.rebind({ gradAddress: g }), /was disposed/);
});

test("gradAddress says where a gradient is once there is room for one, null before", () => {
  for (const engine of [createEngine({ rounding }), createEngine(new Heap().options())]) {
    const parameter = engine.parameter(3);
    assert.is(parameter.gradAddress, null);
    parameter.ensureGrad();
    assert.is(parameter.gradAddress, parameter.grad!.byteOffset);
    parameter.grad = null;
    assert.type(parameter.gradAddress, "number");
  }
});

test("a gradient that was set to none is skipped until it is bound again", () => {
  const heap = new Heap();
  const g = heap.allocate(4);
  const parameter = createEngine(heap.options()).parameter(1, { gradAddress: g });
  const optimizer = new SGD([parameter], { lr: 1 });
  optimizer.zeroGrad({ setToNone: true });
  assert.is(parameter.grad, null);
  heap.floats(g, 1)[0] = 3;
  optimizer.step();
  assertSameBits(parameter.data, [0]);
  parameter.rebind({ gradAddress: g });
  optimizer.step();
  assertSameBits(parameter.data, [-3]);
});

test("tensors move between steps: the bits are those of tensors that stay", () => {
  const heap = new Heap(4);
  const n = 37;
  const next = mulberry32(1);
  const start = values(next, n, "float32") as Float32Array;
  const still = createEngine({ rounding }).parameter(n, { data: start });
  const engine = createEngine(heap.options());
  let [p, g] = [heap.allocate(4 * n), heap.allocate(4 * n)];
  const moving = engine.parameter(n, { address: p, gradAddress: g, data: start });
  const optimizers = [still, moving].map((parameter) => new SGD([parameter], OPTIONS));
  for (let i = 0; i < 8; i++) {
    const gradient = values(next, n, "float32") as Float32Array;
    if (i % 2) {
      const to = heap.allocate(4 * n);
      heap.floats(to, n).set(moving.data);
      heap.floats(p, n).fill(Number.NaN);
      p = to;
      moving.rebind({ address: p });
    }
    if (i % 3) {
      g = heap.allocate(4 * n);
      moving.rebind({ gradAddress: g });
    }
    heap.floats(g, n).set(gradient);
    still.grad = gradient;
    for (const optimizer of optimizers) optimizer.step();
    assert.is(moving.address, p);
    assert.is(moving.gradAddress, g);
    assertSameBits(heap.floats(p, n), still.data, `step ${i}`);
  }
});

test("what the engine had allocated is given back when a tensor is bound elsewhere", () => {
  const heap = new Heap();
  const engine = createEngine(heap.options());
  const parameter = engine.parameter(4, { data: [1, 2, 3, 4] });
  parameter.grad = [1, 1, 1, 1];
  assert.is(heap.blocks.size, 2);
  const [p, g] = [heap.allocate(16), heap.allocate(16)];
  parameter.rebind({ address: p, gradAddress: g });
  assert.equal([...heap.blocks.keys()], [p, g]);
  assert.is(engine.info.allocatedBytes, 0);
  parameter.rebind({});
  assert.is(parameter.address, p);
});

test("a place that cannot be is refused as at construction, and nothing has changed", () => {
  const heap = new Heap();
  const engine = createEngine(heap.options());
  const [p, g] = [heap.allocate(64), heap.allocate(64)];
  const end = 4 * PAGE;
  for (const dtype of DTYPES) {
    const bytes = dtype === "float32" ? 4 : 8;
    const parameter = engine.parameter(4, { dtype, address: p, gradAddress: g });
    for (const wrong of [bytes / 2, -bytes, end, end - 4 * bytes + bytes, Number.NaN, 1.5, "64", null]) {
      const address = wrong as number;
      const messages = ["address", "gradAddress"].map(
        (name) => new RegExp(`^${name} (must be a multiple of ${bytes}|is \\d+: ${4 * bytes} bytes do not fit)`),
      );
      assert.throws(() => engine.parameter(4, { dtype, address }), messages[0]);
      assert.throws(() => engine.parameter(4, { dtype, gradAddress: address }), messages[1]);
      assert.throws(() => parameter.rebind({ address, gradAddress: p }), messages[0]);
      assert.throws(() => parameter.rebind({ address: g, gradAddress: address }), messages[1]);
      assert.is(parameter.address, p);
      assert.is(parameter.gradAddress, g);
    }
    assert.throws(() => parameter.rebind({ adress: p } as never), /rebind has no option 'adress'/);
    assert.throws(() => parameter.rebind(p as never), /options of rebind must be an object, got number/);
  }
  assert.is(engine.info.allocatedBytes, 0);
});

test("addresses are for a memory of the caller's", () => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(1);
  assert.throws(() => engine.parameter(1, { gradAddress: 64 }), /gradAddress needs a memory of yours/);
  assert.throws(() => parameter.rebind({ address: 64 }), /address needs a memory of yours/);
  assert.throws(() => parameter.rebind({ gradAddress: 64 }), /gradAddress needs a memory of yours/);
});

const shared = made();
(shared ? test : test.skip)("a shared memory of the caller's trains with the same bits", () => {
  let top = 72;
  const allocate = (byteLength: number) => {
    top += Math.ceil(byteLength / 8) * 8;
    return top - Math.ceil(byteLength / 8) * 8;
  };
  const engine = createEngine({ rounding, memory: shared!, allocate, free: () => {} });
  for (const dtype of DTYPES) {
    const [parameter, expected] = [engine, createEngine({ rounding })].map((one) => one.parameter(1001, { dtype }));
    for (const one of [parameter, expected]) train(one);
    assert.is(parameter.data.buffer, shared!.buffer);
    assertSameBits(parameter.data, expected.data, dtype);
  }
});

/** None where there is no shared memory. */
function made(): WebAssembly.Memory | null {
  try {
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
    return Object.prototype.toString.call(memory.buffer) === "[object SharedArrayBuffer]" ? memory : null;
  } catch {
    return null;
  }
}

test.run();
