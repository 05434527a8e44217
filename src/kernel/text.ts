// Kernels as text, as assembly/build.mjs writes them.

import type { Build } from "./kernel.js";
import type { KernelSource } from "./select.js";

/** Compiles a build when it is first asked for. */
export function embedded(texts: Record<Build, string>): KernelSource {
  const modules = new Map<Build, WebAssembly.Module | null>();
  return (build) => {
    let module = modules.get(build);
    if (module === undefined) {
      const bytes = decode(texts[build]);
      module = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
      modules.set(build, module);
    }
    return module;
  };
}

/** The inverse of `encode` in assembly/build.mjs. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    bytes.push(code < 123 ? (code - 32) & 255 : ((code - 123) << 6) | (text.charCodeAt(++i) - 32));
  }
  return new Uint8Array(bytes);
}
