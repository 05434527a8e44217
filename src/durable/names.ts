// What runs and objects are called.

import { refusal } from "./error.js";

const RUN_NAME = /^[A-Za-z0-9._-]{1,128}$/;
/** Shards of a run that is cut anew would have another. */
const GENERATION = 0;

export function checkRunName(run: string): void {
  if (RUN_NAME.test(run)) return;
  const expected = `1 to 128 letters, digits, ".", "_" and "-"`;
  throw refusal("invalid", `the name of a run must be ${expected}, got ${JSON.stringify(run)}`);
}

/** The name of the object that is shard `index` of a run. */
export function shardName(run: string, index: number): string {
  return `${run}/${GENERATION}/${index}`;
}
