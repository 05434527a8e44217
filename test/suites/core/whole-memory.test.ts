// Up to the last byte that 32-bit addresses reach, where the end of an array is 0 and signed addresses are negative: the
// bits are those of low addresses. Pages that are reserved and not touched are never backed by memory.

import { clipGradNorm, clipGradValue, createEngine, type Engine, type Parameter, SGD } from "sgd-wasm";
import { createThreadedEngine, threadsAvailable } from "sgd-wasm/threads";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Allocator, Block } from "../../../src/memory/allocator.js";
import { assertSameBits, type FloatArray } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

const MEBIBYTE = 2 ** 20;
/** Room for all that comes with a parameter. */
const REST = 8 * MEBIBYTE;
const GIBIBYTE = 2 ** 30;
const END = 2 ** 32;
/** An engine's own memory is handed out to here. */
const LAST = END - 64;
const BYTES = { float32: 4, float64: 8 };
type DType = keyof typeof BYTES;
const DTYPES: DType[] = ["float32", "float64"];
const test = suite("whole memory");
const threaded = threadsAvailable() ? test : test.skip;
const { userAgent = "" } = globalThis.navigator ?? {};
/** For tests that fill with zeros up to the end: Safari's engine takes that for beyond the end. */
const filling = userAgent.includes("Safari") && !userAgent.includes("Chrome") ? test.skip : test;

/** Every pass of the kernel over one parameter: all that they leave. */
function train(parameter: Parameter): FloatArray[] {
  const { size, dtype } = parameter;
  const next = mulberry32(size);
  const gradient = () => {
    parameter.grad = values(next, size, dtype);
  };
  const optimizer = new SGD([parameter], { lr: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true });
  parameter.data.set(values(next, size, dtype));
  for (const options of [undefined, { gradScale: 0.5, maxGradNorm: 1 }, { zeroGrad: true }]) {
    gradient();
    optimizer.step(undefined, options);
  }
  const zeroed = parameter.grad!.slice();
  gradient();
  const norm = clipGradNorm([parameter], 0.5);
  clipGradValue([parameter], 0.01);
  optimizer.step();
  const recorded = new SGD([parameter], { lr: 0.1, momentum: 0.9, differentiable: true });
  recorded.step();
  const { params, grads } = recorded.backward({ params: [values(next, size, dtype)] });
  const momentum = optimizer.state.get(parameter)!.momentumBuffer as FloatArray;
  const copies = [parameter.data, parameter.grad!, momentum].map((view) => view.slice());
  parameter.dispose();
  return [...copies, zeroed, Float64Array.of(norm), params[0], grads[0]!];
}

/** The same at low addresses. */
function expected(n: number, dtype: DType): FloatArray[] {
  const engine = createEngine({ rounding });
  return train(engine.parameter(n, { dtype }));
}

function assertSame(actual: FloatArray[], expected: FloatArray[], what: string): void {
  assert.is(actual.length, expected.length);
  actual.forEach((array, i) => {
    assertSameBits(array, expected[i], `${what}, array ${i}`);
  });
}

const endOf = (view: FloatArray) => view.byteOffset + view.byteLength;

/** The arena of an engine is not public. */
const arenaOf = (engine: Engine) => (engine as unknown as { allocator: Allocator }).allocator;

/** Trains `n` elements that are the last of what the engine hands out, with all else in its first mebibytes. */
function trainAtEnd(engine: Engine, n: number, dtype: DType): FloatArray[] {
  assert.is(engine.memory.buffer.byteLength, END);
  const arena = arenaOf(engine);
  const first = arena.allocate(REST);
  const filler = arena.allocate(LAST - (first.address + REST) - n * BYTES[dtype]);
  const parameter = engine.parameter(n, { dtype });
  assert.is(endOf(parameter.data), LAST);
  arena.free(first);
  const results = train(parameter);
  arena.free(filler);
  engine.dispose();
  assert.is(engine.info.allocatedBytes, 0);
  return results;
}

test("an engine's own memory is used to its end", () => {
  for (const dtype of DTYPES) {
    const results = trainAtEnd(createEngine({ rounding, initialBytes: END }), 1008, dtype);
    assertSame(results, expected(1008, dtype), dtype);
    record("whole memory", results[0]);
  }
});

test("an engine's own memory grows to its end, and not beyond", () => {
  const engine = createEngine({ rounding });
  const arena = arenaOf(engine);
  const parameter = engine.parameter(8, { data: [1, 2, 3, 4, 5, 6, 7, 8] });
  const kept = engine.parameter(3, { data: [7, 8, 9] });
  const optimizer = new SGD([parameter], { lr: 1 });
  const fillers: Block[] = [];
  for (let gibibytes = 1; gibibytes <= 4; gibibytes++) {
    fillers.push(arena.allocate(gibibytes < 4 ? GIBIBYTE : END - 3 * GIBIBYTE - MEBIBYTE));
    assert.ok(engine.memory.buffer.byteLength > gibibytes * GIBIBYTE - MEBIBYTE);
    parameter.ensureGrad().fill(1);
    optimizer.step();
    assert.equal(
      [...parameter.data],
      [1, 2, 3, 4, 5, 6, 7, 8].map((x) => x - gibibytes),
    );
    assertSame(train(engine.parameter(1001)), expected(1001, "float32"), `${gibibytes} GiB`);
  }
  assert.throws(() => engine.parameter(MEBIBYTE), /out of memory: 4194304 bytes were asked for/);
  assert.equal([...kept.data], [7, 8, 9]);
  for (const filler of fillers) arena.free(filler);
  engine.dispose();
  assert.is(engine.info.allocatedBytes, 0);
});

filling("every block of a foreign memory may be its last", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  memory.grow(65535);
  for (const dtype of DTYPES) {
    const wanted = expected(1008, dtype);
    for (let last = 0, blocks = 1; last < blocks; last++) {
      let top = 64;
      let ends = 0;
      blocks = 0;
      const allocate = (byteLength: number) => {
        const size = Math.ceil(byteLength / 16) * 16;
        const isLast = blocks++ === last;
        if (!isLast) top += size;
        const address = isLast ? END - size : top - size;
        if (address + size === END) ends++;
        // As a function of WebAssembly returns it.
        return address | 0;
      };
      const engine = createEngine({ rounding, memory, allocate, free: () => {} });
      const parameter = engine.parameter(1008, { dtype });
      if (last === 0) assert.is(endOf(parameter.data), END);
      assertSame(train(parameter), wanted, `${dtype}, block ${last}`);
      assert.is(ends, 1);
      assert.ok(blocks >= 4, "values, gradient, momentum, the block for scaling");
    }
  }
});

test("elements of any number end with the memory, or lie across its middle", () => {
  const memory = new WebAssembly.Memory({ initial: 65536 });
  for (const dtype of DTYPES) {
    for (const n of [1, 2, 3, 5, 17, 1001, 5001]) {
      const wanted = expected(n, dtype);
      for (const end of [END, 2 ** 31 + 8 * Math.ceil(n / 2)]) {
        let top = 64;
        const allocate = (byteLength: number) => {
          top += Math.ceil(byteLength / 16) * 16;
          return top - Math.ceil(byteLength / 16) * 16;
        };
        const engine = createEngine({ rounding, memory, allocate, free: () => {} });
        const parameter = engine.parameter(n, { dtype, address: end - n * BYTES[dtype] });
        assert.is(endOf(parameter.data), end);
        assertSame(train(parameter), wanted, `${n} of ${dtype} before ${end}`);
      }
    }
  }
});

threaded("threads work to the end of the memory", async () => {
  for (const dtype of DTYPES) {
    const engine = await createThreadedEngine({ rounding, threads: 2, initialBytes: END });
    assertSame(trainAtEnd(engine, 65536, dtype), expected(65536, dtype), dtype);
  }
});

test.run();
