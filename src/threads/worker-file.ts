/** The worker's program as a file: spelled so that bundlers see it, and take the file along. */
export function workerFromFile(): Worker {
  return new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "sgd-wasm" });
}
