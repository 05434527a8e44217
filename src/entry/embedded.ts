// The kernels as text in the JavaScript: works wherever a module may be compiled from bytes.

export { embeddedKernel as kernelSource } from "../kernel/embedded.js";
