// The .wasm files as others use them: called directly by their documented convention, from the loader of AssemblyScript programs
// and without one, and given to `createEngine`.

import { instantiateSync } from "@assemblyscript/loader";
import { createEngine, SGD } from "sgd-wasm";
import kernel from "sgd-wasm/kernel.wasm";
import hardware from "sgd-wasm/kernel-hardware.wasm";
import separate from "sgd-wasm/kernel-separate.wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fusedMultiplyAdd, separateMultiplyAdd } from "../../reference/exact.js";
import { assertSameBits } from "../../support/bits.js";

const test = suite("kernel files");

const BUILDS = [
  { name: "kernel", file: kernel, rounding: "fused", fma: "emulated", multiplyAdd: fusedMultiplyAdd },
  { name: "kernel-hardware", file: hardware, rounding: "fused", fma: "hardware", multiplyAdd: fusedMultiplyAdd },
  { name: "kernel-separate", file: separate, rounding: "separate", fma: "none", multiplyAdd: separateMultiplyAdd },
] as const;

const N = 40;
const P = Array.from({ length: N }, (_, i) => Math.fround(i / 7));
const G = Array.from({ length: N }, (_, i) => Math.fround(i / 3));
const LR = Math.fround(0.1);

/** Here and not in a test, because Workers compile nothing once they handle requests. */
function compile(bytes: unknown): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  } catch {
    return null;
  }
}

for (const { name, file, rounding, fma, multiplyAdd } of BUILDS) {
  const module = compile(file) as WebAssembly.Module;
  // Where the instruction rounds twice, the hardware build is no kernel for either rounding.
  const rounds = fma !== "hardware" || createEngine().info.fma === "hardware";
  const supported = module && rounds ? test : test.skip;
  const expected = P.map((p, i) => multiplyAdd(G[i], -LR, p, "float32"));

  supported(`${name}.wasm takes a step when it is called directly`, () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const plain = new WebAssembly.Instance(module, { env: { memory } });
    const loaded = instantiateSync(module, { env: { memory } });
    for (const { exports } of [plain, loaded]) {
      const [p, g] = [256, 512].map((address) => new Float32Array(memory.buffer, address, N));
      p.set(P);
      g.set(G);
      const step = exports.sgd_f32 as (...args: number[]) => void;
      step(0, 256, 512, 0, N, -LR, 0, 0, 0, 0, 0);
      assertSameBits(p, expected);
      assertSameBits(g, G);
    }
  });

  supported(`${name}.wasm is the kernel of an engine that it is given to`, () => {
    const engine = createEngine({ module, rounding });
    assert.is(engine.info.fma, fma);
    const parameter = engine.parameter(N, { data: P });
    parameter.grad = G;
    new SGD([parameter], { lr: LR }).step();
    assertSameBits(parameter.data, expected);
    const other = rounding === "fused" ? "separate" : "fused";
    assert.throws(() => createEngine({ module, rounding: other }), /but rounding is/);
    engine.dispose();
  });
}

test("the builds differ in what they round", () => {
  const [once, twice] = [fusedMultiplyAdd, separateMultiplyAdd].map((multiplyAdd) =>
    P.map((p, i) => multiplyAdd(G[i], -LR, p, "float32")),
  );
  assert.not.equal(once, twice);
});

// (module (global (export "rounding") i32 (i32.const 1)))
const name = new TextEncoder().encode("rounding");
const roundingOnly = compile(
  Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 6, 6, 1, 127, 0, 65, 1, 11, 7, 12, 1, 8, ...name, 3, 0),
) as WebAssembly.Module;
const nothing = compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)) as WebAssembly.Module;

test("a module that has not all of the kernel is refused before it can fail in a step", () => {
  const refused = /no kernel of this version of sgd-wasm: it has no export /;
  assert.throws(() => createEngine({ module: roundingOnly }), new RegExp(`${refused.source}sgd_f32`));
  assert.throws(() => createEngine({ module: nothing }), new RegExp(`${refused.source}rounding`));
});

test.run();
