// As workerd.ts, for Vercel's edge functions, where `?module` asks for a module. Without the hardware build: a file whose
// instructions the runtime does not know keeps the whole function from loading, and local ones run on any Node.

import emulated from "../../dist/kernel.wasm?module";
import separate from "../../dist/kernel-separate.wasm?module";
import type { KernelSource } from "../kernel/select.js";

const modules = { hardware: null, emulated, separate };

export const kernelSource: KernelSource = (build, isShared) => {
  if (isShared) throw new Error("shared memory needs options.module here: import sgd-wasm/kernel-shared.wasm");
  return modules[build];
};
