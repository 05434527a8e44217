// The kernels as static imports of .wasm files: Cloudflare Workers compile no bytes in handlers, but hand out modules.

import emulated from "../../dist/kernel.wasm";
import hardware from "../../dist/kernel-hardware.wasm";
import separate from "../../dist/kernel-separate.wasm";
import type { KernelSource } from "../kernel/select.js";

const modules = { hardware, emulated, separate };

export const kernelSource: KernelSource = (build) => modules[build];
