// The kernels that are part of the JavaScript, compiled where they run.

import type { Build } from "./kernel.js";
import { emulated, hardware, separate, shared, unshared } from "./kernels.generated.js";
import type { KernelSource } from "./select.js";

const TEXTS: Record<Build, string> = { hardware, emulated, separate };
/** By text. Null where the runtime does not accept the instructions. */
const modules = new Map<string, WebAssembly.Module | null>();

/** Compiles a build when it is first asked for. */
export const embeddedKernel: KernelSource = (build, isShared) => {
  // The builds for shared memory differ in the limits of the memory that they import.
  const text = isShared ? TEXTS[build].replace(unshared, () => shared) : TEXTS[build];
  let module = modules.get(text);
  if (module === undefined) {
    module = build === "hardware" && !hasRelaxedSimd() ? null : compile(decode(text));
    modules.set(text, module);
  }
  return module;
};

function compile(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    // Asked only now, because it costs as much as to compile.
    if (WebAssembly.validate(bytes)) throw error;
    return null;
  }
}

/**
 * (module (func (param v128) (result v128) f32x4.relaxed_madd of (local.get 0) thrice)): where it is refused, to decode the build
 * that uses it would be a tenth of a start.
 */
function hasRelaxedSimd(): boolean {
  const func = [
    0x60, 1, 0x7b, 1, 0x7b, 3, 2, 1, 0, 0x0a, 0x0d, 1, 0x0b, 0, 0x20, 0, 0x20, 0, 0x20, 0, 0xfd, 0x85, 2, 0x0b,
  ];
  return WebAssembly.validate(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, ...func));
}

/** The inverse of `encode` in assembly/build.mjs. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const rotated = code < 123 ? code - 32 : ((code - 123) << 6) | (text.charCodeAt(++i) - 32);
    bytes[length++] = rotated - 20; // modulo 256, as the array stores it
  }
  return bytes.subarray(0, length);
}
