// Engines whose steps are shared among threads.

import { checkCount, checkKeys, tagOf } from "../common/checks.js";
import { ENGINE_OPTIONS, Engine, type EngineOptions } from "../engine.js";
import { kernelSource } from "../entry/embedded.js";
import { hardwareThreads, whatIsMissing } from "./environment.js";
import { newSharedMemory } from "./memory.js";
import { startThreads } from "./start.js";
import { workerSource } from "./worker.generated.js";

export type { Engine, EngineInfo, EngineOptions } from "../engine.js";

/** More than any hardware has: a mistake rather than a wish. */
const MOST_THREADS = 1024;

/** Options of `createThreadedEngine`. */
export interface ThreadedEngineOptions extends EngineOptions {
  /** how many threads share a step, the calling one included; default: as many as the hardware runs at a time */
  threads?: number;
}

/** Whether this environment can run threads: it has Workers and shared memory, on a page by cross-origin isolation. */
export function threadsAvailable(): boolean {
  return whatIsMissing() === null;
}

/**
 * Makes an engine as `createEngine` does, whose steps are shared among threads. They give the same bits for any number of
 * threads, and `step()` stays synchronous; small steps are not shared. A `memory` or `module` of yours has to be for shared
 * memory (`sgd-wasm/kernel-shared.wasm`).
 *
 * `dispose()` ends the threads. Without it they sleep until the page or process ends; they keep no process alive.
 *
 * @throws (rejects) Error with what is missing where threads are not available, or when a worker does not start
 */
export async function createThreadedEngine(options: ThreadedEngineOptions = {}): Promise<Engine> {
  const missing = whatIsMissing();
  if (missing !== null) throw new Error(missing);
  checkKeys(options, [...ENGINE_OPTIONS, "threads"], "createThreadedEngine");
  const { threads, ...engineOptions } = options;
  if (threads !== undefined) checkCount("threads", threads, MOST_THREADS);
  if (tagOf(options.memory?.buffer) === "ArrayBuffer") {
    throw new TypeError(
      "memory is not shared: createThreadedEngine needs new WebAssembly.Memory({ initial, maximum, shared: true })",
    );
  }
  const engine = Engine.create(kernelSource, engineOptions, newSharedMemory);
  await startThreads(engine, threads ?? hardwareThreads(), workerSource);
  return engine;
}
