// Which build of the kernel runs here.

import { type Build, instantiate, type Kernel } from "./kernel.js";

/** Gives the module of a build, for shared memory or other, or null where the runtime does not accept its instructions. */
export type KernelSource = (build: Build, shared: boolean) => WebAssembly.Module | null;

/** Whether this runtime's relaxed multiply-add rounds once: a property of engine and processor, so it is asked once. */
let hardwareRoundsOnce: boolean | undefined;

/**
 * The built-in kernel that fits the runtime. `memory` is asked for only when a build is accepted: it takes gigabytes of
 * addresses, and where all builds are refused they would be gone until the garbage is collected.
 */
export function selectKernel(
  source: (build: Build) => WebAssembly.Module | null,
  rounding: "fused" | "separate",
  memory: () => WebAssembly.Memory,
): Kernel {
  const tried = (build: Build) => {
    const module = source(build);
    return module && instantiate(module, memory());
  };
  try {
    if (rounding === "fused" && hardwareRoundsOnce !== false) {
      const kernel = tried("hardware");
      hardwareRoundsOnce = kernel !== null && roundsOnce(kernel);
      if (kernel && hardwareRoundsOnce) return kernel;
    }
    const kernel = tried(rounding === "fused" ? "emulated" : "separate");
    if (kernel) return kernel;
  } catch (cause) {
    // Engines refuse at different points: most when a module is compiled, WebKit when it is instantiated.
    if (!(cause instanceof WebAssembly.CompileError)) throw cause;
    throw new Error(
      "WebAssembly is refused here: a Content Security Policy needs script-src 'wasm-unsafe-eval'; Cloudflare Workers need " +
        'the export condition "workerd", which wrangler sets (esbuild: --conditions=workerd --loader:.wasm=copy); where ' +
        "nothing may be compiled, pass options.module, imported from sgd-wasm/kernel.wasm",
      { cause },
    );
  }
  throw new Error(
    "sgd-wasm needs WebAssembly SIMD: Chrome 91, Firefox 89, Safari 16.4, Node 20.19 or newer, on x86 with SSE4.1",
  );
}

/** The kernel in a module of the caller's, after checking that it keeps what `rounding` promises on this runtime. */
export function suppliedKernel(
  module: WebAssembly.Module,
  rounding: "fused" | "separate",
  memory: WebAssembly.Memory,
): Kernel {
  const kernel = instantiate(module, memory);
  const once = roundsOnce(kernel);
  if (once === (rounding === "fused")) return kernel;
  throw new Error(
    `options.module is the ${kernel.build} build, which rounds ${once ? "once" : "twice"} here, but rounding is ` +
      `"${rounding}": use kernel${once ? "-separate" : ""}.wasm`,
  );
}

/**
 * Whether multiply-add rounds once. Judged by results on which the two answers differ, because engines that accept the
 * relaxed instruction may still round twice. (1 + 2^-12)² is 1 + 2^-11 + 2^-24, of which the product rounded to f32 loses
 * the last term; 2^-27 does the same for f64.
 */
function roundsOnce({ float32, float64 }: Kernel): boolean {
  const exact = (multiplyAdd: (x: number, k: number, z: number) => number, e: number) =>
    multiplyAdd(1 + e, 1 + e, -(1 + 2 * e)) === e * e;
  return exact(float32.multiplyAdd, 2 ** -12) && exact(float64.multiplyAdd, 2 ** -27);
}
