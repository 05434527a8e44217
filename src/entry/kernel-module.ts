// The type of `sgd-wasm/kernel.wasm` where a bundler or runtime imports .wasm files as modules.

declare const module: WebAssembly.Module;
export default module;
