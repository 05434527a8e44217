// Kernels as text, as assembly/build.mjs writes them.

import type { Build } from "./kernel.js";
import type { KernelSource } from "./select.js";

/** Compiles a build when it is first asked for. */
export function embedded(texts: Record<Build, string>): KernelSource {
  const modules = new Map<Build, WebAssembly.Module | null>();
  return (build) => {
    let module = modules.get(build);
    if (module === undefined) {
      module = build === "hardware" && !WebAssembly.validate(new Uint8Array(RELAXED)) ? null : compile(texts[build]);
      modules.set(build, module);
    }
    return module;
  };
}

/** Null where the runtime does not accept the instructions. */
function compile(text: string): WebAssembly.Module | null {
  const bytes = decode(text);
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
}

/** The inverse of `encode` in assembly/build.mjs. In place, in bytes that the runtime makes of the text: code that runs once is slow. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  let length = 0;
  for (let i = 0; i < bytes.length; length++) {
    const code = bytes[i++];
    bytes[length] = code < 123 ? code - 32 : ((code - 123) << 6) | (bytes[i++] - 32);
  }
  return bytes.subarray(0, length);
}

/** (module (func unreachable f32x4.relaxed_madd drop)): whether its instruction is accepted costs less to ask than to decode a kernel. */
const RELAXED = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 0, 253, 133, 2, 26, 11];
