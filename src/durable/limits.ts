// What of a run fits into the objects of the platform.

import type { RunConfig } from "./config.js";
import { layoutOf } from "./layout.js";

/** of the 128 MB of an isolate, what is left for the shard beside code, buffers and rows that are read back */
const MEMORY_BYTES = 80e6;
/** of an object */
const STORAGE_BYTES = 10e9;
/** parameters, momentum and the summed gradient */
const RESIDENT_ARRAYS = 3;
/** parameters of two versions and momentum, beside a gradient of each worker */
const STORED_ARRAYS = 3;

/** Refuses shards that no object could hold. @throws RangeError */
export function checkShards(config: RunConfig): void {
  const bytes = layoutOf(config).reduce((most, shard) => Math.max(most, shard.bytes), 0);
  const [resident, stored] = [RESIDENT_ARRAYS * bytes, (STORED_ARRAYS + config.workers) * bytes];
  if (resident > MEMORY_BYTES) {
    const needs = `a shard of this run takes ${inMillions(resident)} MB of memory, and an object has ${inMillions(MEMORY_BYTES)} MB for it`;
    throw new RangeError(`${needs}: choose a smaller elementsPerShard`);
  }
  if (stored > STORAGE_BYTES) {
    const needs = `a shard stores a gradient of each worker: ${inMillions(stored)} MB, and an object has ${inMillions(STORAGE_BYTES)} MB`;
    throw new RangeError(`${needs}: choose a smaller elementsPerShard or fewer workers`);
  }
}

function inMillions(bytes: number): string {
  return Math.ceil(bytes / 1e6).toLocaleString("en");
}
