// Builds of the kernel, compiled where they run.

import { assemble } from "./assemble.js";
import type { Build } from "./kernel.js";

/** Compiles a build when it is first asked for. */
export function compiled(memory: string): (build: Build) => WebAssembly.Module | null {
  const modules: Partial<Record<Build, WebAssembly.Module | null>> = {};
  return (build) => {
    modules[build] ??= compile(build, memory);
    return modules[build];
  };
}

/** Null where the runtime does not accept the instructions. */
function compile(build: Build, memory: string): WebAssembly.Module | null {
  const accepted = WebAssembly.validate(Uint8Array.of(...PROBE, ...(build === "hardware" ? RELAXED : SIMD), 26, 11));
  return accepted ? new WebAssembly.Module(assemble(build, memory)) : null;
}

/** (module (func unreachable `instruction` drop)): to ask costs less than to assemble a kernel. */
const PROBE = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 0];
/** f32x4.relaxed_madd, f32x4.mul */
const RELAXED = [253, 133, 2];
const SIMD = [253, 230, 1];
