// As workerd.ts, for Vercel's edge functions, where `?module` asks for a module. Without the hardware build: a file whose
// instructions the runtime does not know keeps the whole function from loading, and local ones run on any Node.

import emulated from "../../dist/kernel.wasm?module";
import separate from "../../dist/kernel-separate.wasm?module";
import sharedSeparate from "../../dist/kernel-separate-shared.wasm?module";
import sharedEmulated from "../../dist/kernel-shared.wasm?module";
import type { KernelSource } from "../kernel/select.js";

const modules = { hardware: null, emulated, separate };
const sharedModules = { hardware: null, emulated: sharedEmulated, separate: sharedSeparate };

export const kernelSource: KernelSource = (build, isShared) => (isShared ? sharedModules : modules)[build];
