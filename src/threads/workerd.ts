// The same functions for environments that have no Workers, so that one import line works everywhere.

import type { Engine } from "../engine.js";
import type { ThreadedEngineOptions } from "./index.js";

export function threadsAvailable(): boolean {
  return false;
}

export async function createThreadedEngine(_options?: ThreadedEngineOptions): Promise<Engine> {
  throw new Error("threads need Workers, which this environment does not have");
}
