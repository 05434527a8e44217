// What white-box suites see of an engine that its users do not.

import type { Engine } from "sgd-wasm";
import type { Kernel } from "../../src/kernel/kernel.js";

/** The functions of the kernel that an engine chose. */
export function kernelOf(engine: Engine): Kernel {
  return (engine as unknown as { kernel: Kernel }).kernel;
}
