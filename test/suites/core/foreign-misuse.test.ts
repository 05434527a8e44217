// Wrong memories, addresses and allocators: an error says what is wrong, and nothing has changed.

import { createEngine, type EngineOptions } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { rounding } from "../../support/context.js";

const SIZE = 65536;
const test = suite("misuse of foreign memory");

function options(changes: Partial<EngineOptions> = {}): EngineOptions {
  const memory = new WebAssembly.Memory({ initial: 1 });
  return { rounding, memory, allocate: () => 64, free: () => {}, ...changes };
}

function refuses(action: () => unknown, type: new () => Error, ...patterns: RegExp[]): void {
  let error: unknown;
  try {
    action();
  } catch (thrown) {
    error = thrown;
  }
  assert.instance(error, type);
  for (const pattern of patterns) assert.match((error as Error).message, pattern);
}

test("an address must be a multiple of the element's size", () => {
  const engine = createEngine(options());
  for (const address of [1, 2, 3, 6, 4.5, -4, Number.NaN, Number.POSITIVE_INFINITY]) {
    refuses(
      () => engine.parameter(2, { address }),
      RangeError,
      /a multiple of 4 from 0/,
      new RegExp(`got ${address}$`),
    );
  }
  for (const address of [4, 12, 8.5]) {
    refuses(() => engine.parameter(2, { address, dtype: "float64" }), RangeError, /a multiple of 8 from 0/);
  }
  assert.is(engine.parameter(2, { address: 4 }).address, 4);
  assert.is(engine.parameter(2, { address: 8, dtype: "float64" }).address, 8);
});

test("elements must end where the memory ends at the latest", () => {
  const engine = createEngine(options());
  const beyond = [
    [1, SIZE],
    [2, SIZE - 4],
    [SIZE / 4, 4],
    [1, 2 ** 32],
    [2, 2 ** 53 - 4],
  ];
  for (const [shape, address] of beyond) {
    const text =
      address <= 2 ** 32
        ? `address is ${address}: ${4 * shape} bytes do not fit between that and the memory's end at ${SIZE}`
        : `address must be a multiple of 4 from 0 to ${2 ** 32}, got ${address}`;
    refuses(() => engine.parameter(shape, { address }), RangeError, new RegExp(`^${text}$`));
  }
  assert.is(engine.parameter(SIZE / 4, { address: 0 }).size, SIZE / 4);
  assert.is(engine.parameter(1, { address: SIZE - 4 }).address, SIZE - 4);
});

test("what lay beyond the end is there when the memory has grown", () => {
  const given = options();
  const engine = createEngine(given);
  refuses(() => engine.parameter(1, { address: SIZE }), RangeError);
  given.memory!.grow(1);
  assert.is(engine.parameter(1, { address: SIZE }).data[0], 0);
});

test("an address is for a memory of the caller's", () => {
  refuses(() => createEngine({ rounding }).parameter(1, { address: 64 }), TypeError, /createEngine\(\{ memory/);
});

test("a memory needs both of allocate and free, and they a memory", () => {
  for (const missing of ["allocate", "free"] as const) {
    refuses(() => createEngine(options({ [missing]: undefined })), TypeError, /options\.allocate and options\.free/);
  }
  refuses(
    () => createEngine(options({ memory: undefined })),
    TypeError,
    /options\.memory must be a WebAssembly\.Memory, got undefined/,
  );
});

test("a memory is a WebAssembly.Memory", () => {
  for (const memory of [{}, null, new ArrayBuffer(65536), { buffer: new ArrayBuffer(65536) }]) {
    refuses(() => createEngine(options({ memory: memory as never })), TypeError, /WebAssembly\.Memory/);
  }
});

test("a memory of the caller's has its own size", () => {
  for (const name of ["initialBytes", "maximumBytes"] as const) {
    refuses(() => createEngine(options({ [name]: 65536 })), TypeError, /is for engines without options\.memory/);
  }
});

const sharedMemory = made(() => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));
const isShared = typeof SharedArrayBuffer !== "undefined" && sharedMemory?.buffer instanceof SharedArrayBuffer;
(isShared ? test : test.skip)("a shared memory takes an engine of one thread", () => {
  const engine = createEngine(options({ memory: sharedMemory }));
  assert.is(engine.info.threads, 1);
  const parameter = engine.parameter(3, { data: [1, 2, 3] });
  assert.is(parameter.data.buffer, sharedMemory!.buffer);
  assert.equal([...parameter.data], [1, 2, 3]);
});

// Runtimes that know nothing of 64-bit memories pass over `address`, and fail at the BigInt or take it.
const wideMemory = made(() => new WebAssembly.Memory({ address: "i64", initial: 1n } as never));
(wideMemory && isWide(wideMemory) ? test : test.skip)("a 64-bit memory is refused, and left as it was", () => {
  const { buffer } = wideMemory!;
  refuses(() => createEngine(options({ memory: wideMemory })), TypeError, /memory must be 32-bit/);
  assert.is(wideMemory!.buffer, buffer);
  assert.is(buffer.byteLength, SIZE);
});

test("a memory without a page takes an engine", () => {
  const memory = new WebAssembly.Memory({ initial: 0 });
  const allocate = () => {
    memory.grow(1);
    return 64;
  };
  const parameter = createEngine(options({ memory, allocate })).parameter(3, { data: [1, 2, 3] });
  assert.equal([...parameter.data], [1, 2, 3]);
});

test("an engine is made without a change to the memory", () => {
  const given = options();
  const { buffer } = given.memory!;
  new Uint8Array(buffer).fill(0xa5);
  createEngine(given);
  assert.is(given.memory!.buffer, buffer);
  assert.ok(new Uint8Array(buffer).every((byte) => byte === 0xa5));
});

test("an allocation must lie in the memory, whatever its alignment; else it is given back", () => {
  for (const address of [SIZE - 8, SIZE - 16, SIZE - 31, SIZE, -16, 64.5]) {
    const freed: [number, number][] = [];
    const free = (given: number, byteLength: number) => freed.push([given, byteLength]);
    const engine = createEngine(options({ allocate: () => address, free }));
    refuses(
      () => engine.parameter(8),
      RangeError,
      /options\.allocate\(32\) (is \d+: 32 bytes do not fit between that and the memory's end at 65536|returned 64.5, no address)/,
    );
    assert.equal(freed, [[address, 32]]);
    assert.is(engine.info.allocatedBytes, 0);
  }
});

test("no address is no memory", () => {
  for (const nothing of [0, undefined, null, Number.NaN, "64", 64n, Symbol("64")]) {
    const free = () => assert.unreachable("nothing was allocated");
    const engine = createEngine(options({ allocate: () => nothing as number, free }));
    refuses(
      () => engine.parameter(8),
      RangeError,
      /out of memory/,
      /options\.allocate\(32\)/,
      new RegExp(String(nothing).replace(/[()]/g, "\\$&")),
    );
    assert.is(engine.info.allocatedBytes, 0);
  }
});

test("what allocate throws reaches the caller, and leaves the parameter as it was", () => {
  let top = 0;
  const allocate = () => {
    top += 64;
    if (top > 64) throw new Error("the heap is full");
    return top;
  };
  const engine = createEngine(options({ allocate }));
  const parameter = engine.parameter(2, { data: [1, 2] });
  refuses(() => parameter.ensureGrad(), Error, /^the heap is full$/);
  assert.is(parameter.grad, null);
  assert.equal([...parameter.data], [1, 2]);
});

function made(make: () => WebAssembly.Memory): WebAssembly.Memory | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** Whether it counts pages in BigInts. */
function isWide(memory: WebAssembly.Memory): boolean {
  try {
    memory.grow(0n as never);
    return true;
  } catch {
    return false;
  }
}

test.run();
