// Builds of the kernel, compiled where they run.

import { assemble } from "./assemble.js";
import type { Build } from "./kernel.js";
import type { KernelSource } from "./select.js";

/** Compiles a build when it is first asked for. */
export function compiled(memory: string): KernelSource {
  const modules: Partial<Record<Build, WebAssembly.Module | null>> = {};
  return (build) => {
    modules[build] ??= compile(build, memory);
    return modules[build];
  };
}

/** Null where the runtime does not accept the instructions. */
function compile(build: Build, memory: string): WebAssembly.Module | null {
  if (build === "hardware" && !WebAssembly.validate(new Uint8Array(RELAXED))) return null;
  const bytes = assemble(build, memory);
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
}

/** (module (func unreachable f32x4.relaxed_madd drop)): whether its instruction is accepted costs less to ask than to assemble a kernel. */
const RELAXED = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 0, 253, 133, 2, 26, 11];
