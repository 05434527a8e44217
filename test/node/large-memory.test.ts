// Addresses above 2 GiB, where a signed 32-bit number is negative.

import { createEngine, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../support/bits.js";
import { mulberry32, values } from "../support/random.js";

const HALF = 2 ** 31;
const test = suite("large memory");

for (const rounding of ["fused", "separate"] as const) {
  for (const dtype of ["float32", "float64"] as const) {
    test(`${rounding} ${dtype} gives the same bits above 2 GiB as below`, () => {
      const engine = createEngine({ rounding, initialBytes: HALF + 2 ** 20 });
      const small = createEngine({ rounding });
      // The arena is not public. Pages that are reserved and not touched are never backed by memory.
      const { allocator } = engine as unknown as {
        allocator: { allocate(byteLength: number): number; free(address: number): void };
      };
      const reserved = allocator.allocate(HALF - 2048);
      const run = (where: typeof engine) => {
        const next = mulberry32(9);
        const params = [1001, 7].map((n) => where.parameter(n, { dtype, data: values(next, n, dtype) }));
        const optimizer = new SGD(params, { lr: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true });
        for (let i = 0; i < 3; i++) {
          for (const parameter of params) parameter.grad = values(next, parameter.size, dtype);
          optimizer.step(undefined, { gradScale: 0.5, maxGradNorm: 1, zeroGrad: i === 1 });
        }
        return { params, dict: optimizer.stateDict() };
      };
      const [high, low] = [run(engine), run(small)];
      assert.ok(high.params[1].address > HALF);
      high.params.forEach((parameter, i) => {
        assertSameBits(parameter.data, low.params[i].data);
        assertSameBits(parameter.grad!, low.params[i].grad!);
      });
      assert.equal(high.dict, low.dict);
      allocator.free(reserved);
      engine.dispose();
      assert.is(engine.info.allocatedBytes, 0);
    });
  }
}

test.run();
