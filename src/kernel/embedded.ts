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
    const bytes = decode(text);
    module = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
    modules.set(text, module);
  }
  return module;
};

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
