// Steps shared among threads: the same bits as on one thread, and errors instead of waiting forever.

import { createEngine, type Engine, Parameter, SGD, type SGDOptions, type StepOptions } from "sgd-wasm";
import { AveragedModel, type AveragedModelOptions } from "sgd-wasm/averaging";
import kernel from "sgd-wasm/kernel.wasm";
import separate from "sgd-wasm/kernel-separate.wasm";
import separateShared from "sgd-wasm/kernel-separate-shared.wasm";
import kernelShared from "sgd-wasm/kernel-shared.wasm";
import { createThreadedEngine, type ThreadedEngineOptions, threadsAvailable } from "sgd-wasm/threads";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startThreads as start } from "../../../src/threads/start.js";
import { assertSameBits, type FloatArray } from "../../support/bits.js";
import { blobWorkers, rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";
import { RULES } from "../../support/rules.js";

type DType = "float32" | "float64";

const DTYPES = ["float32", "float64"] as const;
const STEPS = 3;
const test = suite("threads");
/** For tests that need threads. */
const threaded = threadsAvailable() ? test : test.skip;
/** For tests that need threads with a program of the test's own. */
const programmed = blobWorkers ? threaded : test.skip;

/** Runs with engines of 1 to `most` threads. */
async function withEngines(most: number, body: (engine: Engine, what: string) => void | Promise<void>): Promise<void> {
  for (let threads = 1; threads <= most; threads++) {
    const engine = await createThreadedEngine({ rounding, threads });
    try {
      assert.is(engine.info.threads, threads);
      await body(engine, `${threads} threads`);
    } finally {
      engine.dispose();
    }
  }
}

const PERIOD = 10007;
const POOL = {
  float32: values(mulberry32(31), 2 * PERIOD, "float32"),
  float64: values(mulberry32(31), 2 * PERIOD, "float64"),
};

/** Many numbers in little time: one list, again and again from a place that differs with `seed`. */
function numbers(dtype: DType, size: number, seed: number): FloatArray {
  const array = dtype === "float32" ? new Float32Array(size) : new Float64Array(size);
  const first = (seed * 1009) % PERIOD;
  for (let i = 0; i < size; i += PERIOD) {
    array.set(POOL[dtype].subarray(first, first + Math.min(PERIOD, size - i)), i);
  }
  return array;
}

/** Parameters, gradients and buffers after a few steps. */
function train(engine: Engine, dtype: DType, sizes: number[], options: SGDOptions, step?: StepOptions): FloatArray[] {
  let seed = 0;
  const parameters = sizes.map((size) => engine.parameter(size, { dtype, data: numbers(dtype, size, seed++) }));
  const optimizer = new SGD(parameters, options);
  for (let i = 0; i < STEPS; i++) {
    for (const parameter of parameters) parameter.grad = numbers(dtype, parameter.size, seed++);
    optimizer.step(undefined, step);
  }
  const results = parameters.flatMap((parameter) => {
    const buffer = optimizer.state.get(parameter)?.momentumBuffer;
    return [parameter.data.slice(), parameter.grad!.slice(), ...(buffer ? [buffer.slice()] : [])];
  });
  for (const parameter of parameters) parameter.dispose();
  return results;
}

function assertSame(actual: FloatArray[], expected: FloatArray[], what: string): void {
  assert.is(actual.length, expected.length, what);
  actual.forEach((array, i) => {
    assertSameBits(array, expected[i], `${what}, array ${i}`);
  });
}

/** The rejection's reason. */
async function reasonOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not reject");
}

/** White-box: the engine of the package is not, to the compiler, the engine of the sources. */
const startThreads = (engine: Engine, count: number, source: string) =>
  start(engine as unknown as Parameters<typeof start>[0], count, source);

test("says what is missing where there are no threads", async () => {
  if (threadsAvailable()) {
    (await createThreadedEngine({ rounding })).dispose();
  } else {
    const reason = await reasonOf(createThreadedEngine({ rounding }));
    assert.match(reason.message, /^threads need (cross-origin isolation: |shared memory, |Workers, )/);
  }
});

threaded("every rule gives the bits of one thread", async () => {
  const single = createEngine({ rounding });
  await withEngines(4, (engine, what) => {
    for (const dtype of DTYPES) {
      for (const { name, momentum, nesterov, damped, decay } of RULES) {
        const options = {
          lr: 0.1,
          momentum: momentum ? 0.9 : 0,
          nesterov: nesterov && !damped,
          dampening: damped ? 0.3 : 0,
          weightDecay: decay ? 0.01 : 0,
        };
        const run = (where: Engine) => train(where, dtype, [40011], options);
        assertSame(run(engine), run(single), `${what}, ${dtype} ${name}`);
      }
    }
  });
});

threaded("every size gives the bits of one thread", async () => {
  const single = createEngine({ rounding });
  const around = [16384, 32768, 49152].flatMap((n) => [n - 1, n, n + 1]);
  const options = { lr: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true };
  await withEngines(3, (engine, what) => {
    for (const dtype of DTYPES) {
      for (const sizes of [[0], [1], [17], [5, 40000, 3, 70001], ...around.map((size) => [size])]) {
        const run = (where: Engine) => train(where, dtype, sizes, options);
        assertSame(run(engine), run(single), `${what}, ${dtype} [${sizes}]`);
      }
    }
  });
});

threaded("scaled, clipped, negated and zeroed gradients give the bits of one thread", async () => {
  const single = createEngine({ rounding });
  const all: StepOptions = { gradScale: 0.37, maxGradNorm: 2, zeroGrad: true };
  await withEngines(3, (engine, what) => {
    for (const dtype of DTYPES) {
      for (const step of [all, { zeroGrad: true }, { maxGradNorm: 1 }, { gradScale: 3 }, undefined]) {
        const options = { lr: 0.1, momentum: 0.9, maximize: step !== all };
        const run = (where: Engine) => train(where, dtype, [65537, 140001, 9], options, step);
        assertSame(run(engine), run(single), `${what}, ${dtype} ${JSON.stringify(step)}`);
      }
    }
  });
});

threaded("sparse and differentiable steps give the bits of one thread", async () => {
  const single = createEngine({ rounding });
  const sparse = (engine: Engine) => {
    const next = mulberry32(7);
    const parameter = engine.parameter([3, 30000], { data: values(next, 90000, "float32") });
    const optimizer = new SGD([parameter], { lr: 0.1, momentum: 0.9 });
    for (const indices of [[2, 0, 2], [1], [0, 1]]) {
      parameter.grad = { indices: Int32Array.from(indices), values: values(next, indices.length * 30000, "float32") };
      optimizer.step();
    }
    return [parameter.data.slice()];
  };
  const differentiable = (engine: Engine) => {
    const next = mulberry32(8);
    const parameter = engine.parameter(50001, { data: values(next, 50001, "float32") });
    const optimizer = new SGD([parameter], { lr: 0.1, momentum: 0.9, differentiable: true });
    parameter.grad = values(next, 50001, "float32");
    optimizer.step();
    const back = optimizer.backward({ params: [values(next, 50001, "float32")] });
    return [parameter.data.slice(), back.params[0], back.grads[0]!, Float64Array.of(back.groups[0].lr)];
  };
  await withEngines(3, (engine, what) => {
    assertSame(sparse(engine), sparse(single), `${what}, sparse`);
    assertSame(differentiable(engine), differentiable(single), `${what}, differentiable`);
  });
});

/** Averages after a few updates, then the parameters, exchanged. */
function average(engine: Engine, dtype: DType, sizes: number[], options: AveragedModelOptions): FloatArray[] {
  const params = sizes.map((size) => engine.parameter(size, { dtype, data: numbers(dtype, size, size) }));
  const averaged = new AveragedModel(params, options);
  for (let step = 0; step < STEPS; step++) {
    params.forEach(({ data, size }, i) => {
      data.set(numbers(dtype, size, 7 * step + i));
    });
    averaged.update();
  }
  averaged.swap();
  const results = [...averaged.params, ...params].map(({ data }) => data.slice());
  for (const parameter of params) parameter.dispose();
  averaged.dispose();
  return results;
}

threaded("averages, and their exchange with the parameters, give the bits of one thread", async () => {
  const single = createEngine({ rounding });
  await withEngines(3, (engine, what) => {
    for (const dtype of DTYPES) {
      for (const method of ["swa", "ema"] as const) {
        for (const formula of ["single", "multi"] as const) {
          const run = (where: Engine) => average(where, dtype, [16384, 65537, 3, 100001], { method, formula });
          assertSame(run(engine), run(single), `${what}, ${dtype} ${method} ${formula}`);
        }
      }
    }
  });
});

threaded("the memory grows while the threads sleep, and views stay valid", async () => {
  const single = createEngine({ rounding });
  await withEngines(2, async (engine, what) => {
    const first = engine.parameter(10, { data: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] });
    const old = first.data;
    for (const size of [1000, 300001, 20000, 2000003]) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const run = (where: Engine) => train(where, "float32", [size], { lr: 0.1, momentum: 0.9 });
      assertSame(run(engine), run(single), `${what}, ${size}`);
    }
    first.data[3] = 33;
    assert.is(first.data.length, 10);
    // Unlike an unshared memory's, views of before keep their elements.
    assert.is(old[3], 33);
  });
});

threaded("works in a shared memory of the caller's", async () => {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 128, shared: true });
  let top = 64;
  const allocate = (bytes: number) => {
    const address = top;
    top += Math.ceil(bytes / 64) * 64;
    return address;
  };
  const engine = await createThreadedEngine({ rounding, threads: 2, memory, allocate, free: () => {} });
  assert.is(engine.memory, memory);
  const parameter = engine.parameter(40000, { address: allocate(160000) });
  parameter.ensureGrad().fill(1);
  new SGD([parameter], { lr: 0.5 }).step();
  assert.ok(new Float32Array(memory.buffer, parameter.address, 40000).every((x) => x === -0.5));
  engine.dispose();
});

threaded("refuses wrong options", async () => {
  const unshared = new WebAssembly.Memory({ initial: 1 });
  const shared = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  const own = { allocate: () => 16, free: () => {} };
  const cases: [options: object, message: RegExp][] = [
    [{ threads: 0 }, /threads must be an integer from 1 to 1024, got 0/],
    [{ threads: 1.5 }, /got 1\.5/],
    [{ threads: "2" }, /got "2"/],
    [{ thread: 2 }, /createThreadedEngine has no option 'thread'/],
    [{ memory: unshared, ...own }, /memory is not shared/],
    [{ memory: shared }, /options\.allocate and options\.free/],
  ];
  for (const [options, message] of cases) {
    assert.match((await reasonOf(createThreadedEngine(options as ThreadedEngineOptions))).message, message);
  }
});

/** To the compiler the import is a module; in the bundle of suites it is bytes. */
const compile = (bytes: unknown) => new WebAssembly.Module(bytes as BufferSource);

threaded("takes a module that is built for shared memory", async () => {
  const [unshared, shared] = rounding === "fused" ? [kernel, kernelShared] : [separate, separateShared];
  const engine = await createThreadedEngine({ rounding, threads: 2, module: compile(shared) });
  assert.is(engine.info.threads, 2);
  const run = (where: Engine) => train(where, "float32", [40000], { lr: 0.1, momentum: 0.9 });
  assertSame(run(engine), run(createEngine({ rounding })), "with a module");
  engine.dispose();
  const wrong = createThreadedEngine({ rounding, module: compile(unshared) });
  assert.match((await reasonOf(wrong)).message, /memory and kernel do not fit/);
  assert.throws(() => createEngine({ rounding, module: compile(shared) }), /memory and kernel do not fit/);
});

threaded("keeps maximumBytes", async () => {
  const engine = await createThreadedEngine({ rounding, threads: 2, maximumBytes: 2 ** 20 });
  assert.throws(() => engine.parameter(2 ** 20), /out of memory/);
  assert.is(engine.parameter(1000).size, 1000);
  engine.dispose();
});

threaded("engines come and go", async () => {
  for (let round = 0; round < 4; round++) {
    const engines = await Promise.all([2, 3, 2].map((threads) => createThreadedEngine({ rounding, threads })));
    const results = engines.map((engine) => train(engine, "float32", [40011], { lr: 0.1 }));
    assertSame(results[1], results[0], `round ${round}`);
    for (const engine of engines) engine.dispose();
    engines[0].dispose();
    assert.throws(() => engines[0].parameter(1), /disposed/);
  }
});

threaded("shares its classes with the main entry", async () => {
  const engine = await createThreadedEngine({ rounding, threads: 2 });
  assert.instance(engine.parameter(1), Parameter);
  assert.is(engine.constructor, createEngine({ rounding }).constructor);
  engine.dispose();
});

threaded("a worker that does not start is an error", async () => {
  const engine = await createThreadedEngine({ rounding, threads: 1 });
  const reason = await reasonOf(startThreads(engine, 3, `throw new Error("broken")`));
  assert.match(reason.message, /a worker did not start/);
  if (!blobWorkers) assert.match(reason.message, /from a file: .*worker-src 'self' blob:/);
  assert.is(engine.info.threads, 1);
});

/** A worker that answers as it should, and then does no work but `then`. */
const idler = (then: string) => `
const port = globalThis.parentPort ?? globalThis;
const start = () => { port.postMessage("ready"); ${then} };
port.on ? port.on("message", start) : port.addEventListener("message", start);`;

programmed("a worker that never works holds up nothing", async () => {
  const [single, engine] = [createEngine({ rounding }), await createThreadedEngine({ rounding, threads: 1 })];
  await startThreads(engine, 2, idler(""));
  const run = (where: Engine) => train(where, "float32", [40000], { lr: 0.1, momentum: 0.9 });
  assertSame(run(engine), run(single), "one idle thread");
  engine.dispose();
});

programmed("a worker that dies is an error", async () => {
  const engine = await createThreadedEngine({ rounding, threads: 1 });
  const parameter = engine.parameter(40000);
  parameter.ensureGrad();
  // Only then: what finds the worker dead is to be the step.
  await startThreads(engine, 2, idler(`setTimeout(() => { throw new Error("lost"); }, 10);`));
  const optimizer = new SGD([parameter], { lr: 0.1 });
  let message = "";
  for (let i = 0; i < 500 && message === ""; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    try {
      optimizer.step();
    } catch (error) {
      message = (error as Error).message;
    }
  }
  assert.match(message, /thread 1 has died \(.*lost.*\): the engine cannot be used any more/);
  assert.throws(() => optimizer.step(), /thread 1 has died/);
  engine.dispose();
});

test.run();
