// A program whose heap has grown past 2 GiB: its addresses come as negative numbers.

import bytes from "assemblyscript:foreign/program.ts";
import { createEngine, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../support/bits.js";

const HALF = 2 ** 31;
const GIBIBYTE = 2 ** 30;
const test = suite("large foreign memory");

for (const rounding of ["fused", "separate"] as const) {
  test(`${rounding}: an engine works in blocks above 2 GiB`, () => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { abort: () => {} } });
    const { memory, allocate, release } = exports as unknown as {
      memory: WebAssembly.Memory;
      allocate(byteLength: number): number;
      release(address: number): void;
    };
    // Untouched pages of these are never backed by memory.
    const filler = [0, 1].map(() => allocate(GIBIBYTE - 64));
    const n = 1000;
    const data = Float32Array.from({ length: n }, (_, i) => i / 7);
    const train = (engine: ReturnType<typeof createEngine>, address?: number) => {
      const parameter = engine.parameter(n, { data, ...(address === undefined ? {} : { address }) });
      const optimizer = new SGD([parameter], { lr: 0.1, momentum: 0.9 });
      for (let i = 0; i < 3; i++) {
        parameter.grad = data;
        optimizer.step(undefined, { maxGradNorm: 10 });
      }
      return { parameter, address: parameter.grad!.byteOffset };
    };
    const given = allocate(4 * n);
    assert.ok(given < 0, "the address is above 2 GiB, and signed");
    const engine = createEngine({ rounding, memory, allocate, free: release });
    const wrapped = train(engine, given >>> 0);
    const allocated = train(engine);
    const { parameter: expected } = train(createEngine({ rounding }));
    for (const { parameter, address } of [wrapped, allocated]) {
      assert.ok(parameter.address > HALF && address > HALF);
      assertSameBits(parameter.data, expected.data);
    }
    engine.dispose();
    for (const address of [given, ...filler]) release(address);
    assert.is(engine.info.allocatedBytes, 0);
  });
}

test.run();
