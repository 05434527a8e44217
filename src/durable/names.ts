// What runs and objects are called.

import { refusal } from "./error.js";

const RUN_NAME = /^[A-Za-z0-9._-]{1,128}$/;
/** Shards of a run that is cut anew would have another. */
const GENERATION = 0;

export function checkRunName(run: string): void {
  if (!RUN_NAME.test(run)) throw refusal("invalid", `a run is named by ${RUN_NAME.source}, got ${JSON.stringify(run)}`);
}

/** The name of the object that is shard `index` of a run. */
export function shardName(run: string, index: number): string {
  return `${run}/${GENERATION}/${index}`;
}
