// The kernels as text in the JavaScript: works wherever a module may be compiled from bytes.

import type { Build } from "../kernel/kernel.js";
import { emulated, hardware, separate } from "../kernel/kernels.generated.js";

const TEXTS = { hardware, emulated, separate };
const modules = new Map<Build, WebAssembly.Module | null>();

export function kernelSource(build: Build): WebAssembly.Module | null {
  let module = modules.get(build);
  if (module === undefined) {
    const bytes = decode(TEXTS[build]);
    module = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
    modules.set(build, module);
  }
  return module;
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
