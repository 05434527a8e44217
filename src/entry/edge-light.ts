// As workerd.ts, for Vercel's edge functions, where `?module` asks for a module. Without the hardware build: a file whose
// instructions the runtime does not know keeps the whole function from loading, and local ones run on any Node.

import emulated from "../../dist/kernel.wasm?module";
import separate from "../../dist/kernel-separate.wasm?module";
import type { KernelSource } from "../kernel/select.js";

// Next.js hands out modules of another realm to functions that it runs locally. They are modules nevertheless, but
// `instanceof`, by which the loader tells modules from bytes, does not know them.
for (const module of [emulated, separate]) {
  if (!(module instanceof WebAssembly.Module)) Object.setPrototypeOf(module, WebAssembly.Module.prototype);
}

const modules = { hardware: null, emulated, separate };

export const kernelSource: KernelSource = (build) => modules[build];
