// The kernels as static imports of .wasm files: Cloudflare Workers compile no bytes in handlers, but hand out modules.

import emulated from "../../dist/kernel.wasm";
import hardware from "../../dist/kernel-hardware.wasm";
import separate from "../../dist/kernel-separate.wasm";
import type { KernelSource } from "../kernel/select.js";

const modules = { hardware, emulated, separate };

export const kernelSource: KernelSource = (build, isShared) => {
  if (isShared) throw new Error("shared memory needs options.module here: import sgd-wasm/kernel-shared.wasm");
  return modules[build];
};
