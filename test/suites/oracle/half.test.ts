// float16 and bfloat16 against PyTorch 2.14 with fused=True, bit for bit. Its last n mod 16 elements have another order of roundings
// with momentum; here every element has that of the others.

import { createEngine, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cases, sizes } from "../../reference/half-fixture.js";
import { sha256 } from "../../reference/sha256.js";
import { toHex } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

const DTYPES = { f16: "float16", bf16: "bfloat16" } as const;
const WRITTEN_OUT = [1, 2, 4];
const test = suite("half precision");

for (const { dtype, seed, p, sha256: hashes, weight_decay: weightDecay, ...options } of cases) {
  test(`${dtype} ${JSON.stringify({ ...options, weightDecay })}`, () => {
    const next = mulberry32(seed);
    const engine = createEngine({ rounding });
    const params = sizes.map((size) => {
      return engine.parameter(size, { dtype: DTYPES[dtype], data: values(next, size, "float32") });
    });
    const { lr, momentum, dampening, nesterov, maximize } = options;
    const optimizer = new SGD(params, { lr, momentum, dampening, weightDecay, nesterov, maximize });
    for (let step = 1; step <= 4; step++) {
      for (const parameter of params) parameter.grad = values(next, parameter.size, "float32");
      optimizer.step();
      record(`half precision ${dtype}`, params[params.length - 1].data);
      if (rounding === "separate") continue;
      const written = WRITTEN_OUT.indexOf(step);
      let at = 0;
      for (const { data, size } of params.filter((one) => one.size < 100 && written >= 0)) {
        const whole = momentum === 0 ? size : size - (size % 16);
        assert.is(
          toHex(data.subarray(0, whole)),
          p[written].slice(at, at + 4 * whole),
          `step ${step}, ${size} elements`,
        );
        at += 4 * size;
      }
      const all = new Uint8Array(params.flatMap(({ data }) => [...new Uint8Array(data.slice().buffer)]));
      if (momentum === 0) assert.is(sha256(all), hashes[step - 1], `step ${step}`);
    }
  });
}

test.run();
