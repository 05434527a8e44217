// The type of `sgd-wasm/kernel.wasm` where a bundler or runtime imports .wasm files as modules.

import type { WebAssemblyModule } from "../common/webassembly.js";

declare const module: WebAssemblyModule;
export default module;
