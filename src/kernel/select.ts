// Which build of the kernel runs here.

import { type Build, instantiate, type Kernel } from "./kernel.js";

/** Gives the module of a build, or null where the runtime does not accept its instructions. */
export type KernelSource = (build: Build) => WebAssembly.Module | null;

/** Whether this runtime's relaxed multiply-add rounds once: a property of engine and processor, so it is asked once. */
let hardwareRoundsOnce: boolean | undefined;

/**
 * The built-in kernel that fits the runtime. `memory` is asked for only when a build is accepted: it takes gigabytes of
 * addresses, and where all builds are refused they would be gone until the garbage is collected.
 */
export function selectKernel(
  source: KernelSource,
  rounding: "fused" | "separate",
  memory: () => WebAssembly.Memory,
): Kernel {
  try {
    return bestKernel(source, rounding, memory);
  } catch (cause) {
    // Engines refuse at different points: most when a module is compiled, WebKit when it is instantiated.
    if (!(cause instanceof WebAssembly.CompileError)) throw cause;
    throw new Error(
      "WebAssembly is refused here. A Content Security Policy must allow it: script-src 'self' 'wasm-unsafe-eval'. " +
        "A runtime that compiles nothing needs options.module: import it from sgd-wasm/kernel.wasm",
      { cause },
    );
  }
}

function bestKernel(source: KernelSource, rounding: "fused" | "separate", memory: () => WebAssembly.Memory): Kernel {
  if (rounding === "fused" && hardwareRoundsOnce !== false) {
    const module = source("hardware");
    const kernel = module && instantiate(module, memory());
    hardwareRoundsOnce = kernel !== null && roundsOnce(kernel);
    if (kernel && hardwareRoundsOnce) return kernel;
  }
  const module = source(rounding === "fused" ? "emulated" : "separate");
  if (!module) {
    throw new Error(
      "This runtime has no WebAssembly SIMD, which sgd-wasm needs: Chrome 91, Firefox 89, Safari 16.4, Node 16.4 or newer, " +
        "on x86 a processor with SSE4.1",
    );
  }
  return instantiate(module, memory());
}

/** The kernel in a module of the caller's, after checking that it keeps what `rounding` promises on this runtime. */
export function suppliedKernel(
  module: WebAssembly.Module,
  rounding: "fused" | "separate",
  memory: WebAssembly.Memory,
): Kernel {
  const kernel = instantiateSupplied(module, memory);
  if (roundsOnce(kernel) === (rounding === "fused")) return kernel;
  throw new Error(
    rounding === "separate"
      ? `options.module is the ${kernel.build} build, which rounds once, but rounding is "separate": use kernel-separate.wasm`
      : `options.module is the ${kernel.build} build, which rounds twice on this runtime, but rounding is "fused": use kernel.wasm`,
  );
}

function instantiateSupplied(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  try {
    return instantiate(module, memory);
  } catch (cause) {
    if (!(cause instanceof WebAssembly.LinkError)) throw cause;
    throw new TypeError(
      "options.module does not fit the memory: createEngine takes kernel.wasm, kernel-hardware.wasm or " +
        "kernel-separate.wasm, createThreadedEngine kernel-shared.wasm, kernel-hardware-shared.wasm or " +
        "kernel-separate-shared.wasm",
      { cause },
    );
  }
}

/**
 * Whether multiply-add rounds once. Judged by results on which the two answers differ, because engines that accept the
 * relaxed instruction may still round twice. (1 + 2^-12)² is 1 + 2^-11 + 2^-24, of which the product rounded to f32 loses
 * the last term; 2^-27 does the same for f64.
 */
function roundsOnce(kernel: Kernel): boolean {
  const exact = (multiplyAdd: (x: number, k: number, z: number) => number, e: number) =>
    multiplyAdd(1 + e, 1 + e, -(1 + 2 * e)) === e * e;
  return exact(kernel.float32.multiplyAdd, 2 ** -12) && exact(kernel.float64.multiplyAdd, 2 ** -27);
}
