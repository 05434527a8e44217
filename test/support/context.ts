// What a suite knows about the run it is part of, and where it leaves the results that all runtimes must agree on.

import { canonicalBytes, type NumberView } from "./bits.js";
import { Fnv64 } from "./fnv.js";

declare global {
  /** Set by the runner before the suites are loaded. */
  var SGD_ROUNDING: "fused" | "separate" | undefined;
  /** Set by a page whose content security policy refuses Workers from blob: addresses. */
  var SGD_NO_BLOB_WORKERS: true | undefined;
}

/** The rounding of this run: every suite is run once with each. */
export const rounding: "fused" | "separate" = globalThis.SGD_ROUNDING ?? "fused";

/** Whether a Worker may be made from a text. */
export const blobWorkers = !globalThis.SGD_NO_BLOB_WORKERS;

const records = new Map<string, Fnv64>();

/**
 * Adds results to the digest that must be equal on every runtime. A name may be used again: what follows is appended.
 * Float arrays are taken by their bits, with every NaN as the same one, because sign and payload of a NaN are hardware's.
 * Never record in a test that some runtime skips.
 */
export function record(name: string, results: NumberView): void {
  let digest = records.get(name);
  if (!digest) {
    digest = new Fnv64();
    records.set(name, digest);
  }
  digest.update(canonicalBytes(results));
}

/** The digest of each name, by name. */
export function recorded(): Record<string, string> {
  return Object.fromEntries(
    [...records].map(([name, digest]) => [name, digest.hex()] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
