// The .wasm files as others use them: called directly by their documented convention, from the loader of AssemblyScript programs
// and without one, and given to `createEngine`.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { instantiateSync } from "@assemblyscript/loader";
import { createEngine, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fusedMultiplyAdd, separateMultiplyAdd } from "../reference/exact.js";
import { assertSameBits } from "../support/bits.js";

const require = createRequire(`${process.cwd()}/`);
const test = suite("kernel files");

const BUILDS = [
  { name: "kernel", rounding: "fused", fma: "emulated", multiplyAdd: fusedMultiplyAdd },
  { name: "kernel-hardware", rounding: "fused", fma: "hardware", multiplyAdd: fusedMultiplyAdd },
  { name: "kernel-separate", rounding: "separate", fma: "none", multiplyAdd: separateMultiplyAdd },
] as const;

const bytesOf = (name: string) => readFileSync(require.resolve(`sgd-wasm/${name}.wasm`));
const P = [1.1, -2.3, 0.7, 1e-3, 5.5].map(Math.fround);
const G = [0.3, 0.1, -0.9, 2.5, -1e-2].map(Math.fround);
const LR = Math.fround(0.1);

for (const { name, rounding, fma, multiplyAdd } of BUILDS) {
  const bytes = bytesOf(name);
  const supported = WebAssembly.validate(bytes) ? test : test.skip;
  const expected = P.map((p, i) => multiplyAdd(G[i], -LR, p, "float32"));

  supported(`${name}.wasm takes a step when it is called directly`, () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const module = new WebAssembly.Module(bytes);
    const plain = new WebAssembly.Instance(module, { env: { memory } });
    const loaded = instantiateSync(module, { env: { memory } });
    for (const { exports } of [plain, loaded]) {
      const [p, g] = [64, 128].map((address) => new Float32Array(memory.buffer, address, 5));
      p.set(P);
      g.set(G);
      const step = exports.sgd_f32 as (...args: number[]) => void;
      step(0, 64, 128, 0, 5, -LR, 0, 0, 0, 0, 0);
      assertSameBits(p, expected);
      assertSameBits(g, G);
    }
  });

  supported(`${name}.wasm is the kernel of an engine that it is given to`, () => {
    const module = new WebAssembly.Module(bytes);
    using engine = createEngine({ module, rounding });
    assert.is(engine.info.fma, fma);
    const parameter = engine.parameter(5, { data: P });
    parameter.grad = G;
    new SGD([parameter], { lr: LR }).step();
    assertSameBits(parameter.data, expected);
    const other = rounding === "fused" ? "separate" : "fused";
    assert.throws(() => createEngine({ module, rounding: other }), /but rounding is/);
  });
}

test("a module that has not all of the kernel is refused before it can fail in a step", () => {
  // (module (global (export "rounding") i32 (i32.const 1)))
  const name = new TextEncoder().encode("rounding");
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 6, 6, 1, 127, 0, 65, 1, 11, 7, 12, 1, 8, ...name, 3, 0];
  const module = new WebAssembly.Module(Uint8Array.from(bytes));
  assert.throws(() => createEngine({ module }), /no kernel of this version of sgd-wasm: it has no export sgd_f32/);
  const nothing = new WebAssembly.Module(Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0]));
  assert.throws(
    () => createEngine({ module: nothing }),
    /no kernel of this version of sgd-wasm: it has no export rounding/,
  );
});

test.run();
