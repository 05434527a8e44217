import { checkKeys } from "../../common/checks.js";
import { fail } from "./error.js";

/** Bounds on what a file may ask for. Time and memory of a decode are in proportion to the input's size within them. */
export interface CheckpointLimits {
  /** Nesting of containers. Default 500. */
  maxDepth: number;
  /**
   * Bytes of tensors and of containers (64 each), together, per byte of input. Default 32. Files of PyTorch come near it
   * only with tensors that share a storage or repeat it (strides of 0). The first MiB is free.
   */
  maxExpansion: number;
  /** The same sum, whatever the input's size. Default: no bound. */
  maxBytes: number;
  /** Bytes of one pickled integer. Default 256. */
  maxIntegerBytes: number;
}

const DEFAULTS: CheckpointLimits = { maxDepth: 500, maxExpansion: 32, maxBytes: Infinity, maxIntegerBytes: 256 };
const ALWAYS_ALLOWED = 1 << 20;

export function resolveLimits(given: Partial<CheckpointLimits> = {}): CheckpointLimits {
  const limits = { ...DEFAULTS };
  checkKeys(given, Object.keys(DEFAULTS), "limits");
  for (const key of Object.keys(given) as (keyof CheckpointLimits)[]) {
    const value = given[key];
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value >= 0)) {
      throw new TypeError(`limits.${key} must be a number of at least 0, got ${String(value)}`);
    }
    limits[key] = value;
  }
  return limits;
}

/** Counts the bytes that a file makes a decoder allocate. */
export class Budget {
  private spent = 0;
  private readonly total: number;

  constructor(limits: CheckpointLimits, inputBytes: number) {
    this.total = Math.min(limits.maxBytes, Math.max(ALWAYS_ALLOWED, inputBytes * limits.maxExpansion));
  }

  charge(bytes: number, what: string, where?: number): void {
    if (this.spent + bytes > this.total) {
      fail(
        `${what} takes ${bytes} bytes, ${this.total - this.spent} of ${this.total} are left; ` +
          "raise limits.maxExpansion or limits.maxBytes if you trust it",
        where,
      );
    }
    this.spent += bytes;
  }
}
