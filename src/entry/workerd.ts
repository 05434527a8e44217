// The kernels as static imports of .wasm files: Cloudflare Workers compile no bytes in handlers, but hand out modules.

import emulated from "../../dist/kernel.wasm";
import hardware from "../../dist/kernel-hardware.wasm";
import sharedHardware from "../../dist/kernel-hardware-shared.wasm";
import separate from "../../dist/kernel-separate.wasm";
import sharedSeparate from "../../dist/kernel-separate-shared.wasm";
import sharedEmulated from "../../dist/kernel-shared.wasm";
import type { KernelSource } from "../kernel/select.js";

const modules = { hardware, emulated, separate };
const sharedModules = { hardware: sharedHardware, emulated: sharedEmulated, separate: sharedSeparate };

export const kernelSource: KernelSource = (build, isShared) => (isShared ? sharedModules : modules)[build];
