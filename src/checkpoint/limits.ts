import { CheckpointError, fail, type Place } from "./error.js";

/** Bounds on what a file may ask for. Time and memory of a decode are in proportion to the input's size within them. */
export interface CheckpointLimits {
  /** Nesting of containers. Default 500. */
  maxDepth: number;
  /**
   * Bytes of inflated entries, of tensors, and of containers (64 each), together, per byte of input. Default 32. Files of
   * PyTorch come near it only by compression, or with tensors that share a storage or repeat it (strides of 0). The first
   * MiB is always allowed.
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
  for (const key of Object.keys(given) as (keyof CheckpointLimits)[]) {
    const value = given[key];
    if (!(key in DEFAULTS)) {
      throw new TypeError(`unknown limit "${key}"; there are ${Object.keys(DEFAULTS).join(", ")}`);
    }
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

  charge(bytes: number, what: string, where: Place): void {
    if (this.spent + bytes > this.total) {
      fail(
        `${what} takes ${bytes} bytes, ${this.total - this.spent} of ${this.total} are left; ` +
          "if the file is to be trusted, raise limits.maxExpansion or limits.maxBytes",
        where,
      );
    }
    this.spent += bytes;
  }
}

/** A buffer of `bytes`; an engine that cannot give it is reported like any other fault of the file. */
export function allocate(bytes: number, what: string): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch {
    throw new CheckpointError(`${what} takes ${bytes} bytes, which could not be allocated`);
  }
}

/**
 * Bytes that a tensor may keep. Those of a buffer that holds nothing else become the tensor's, so that a large tensor is
 * in memory once; others are copied, which also aligns them.
 */
export function ownBytes(bytes: Uint8Array, owned: boolean): Uint8Array {
  if (owned && bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength) return bytes;
  const copy = new Uint8Array(allocate(bytes.length, "a tensor"));
  copy.set(bytes);
  return copy;
}
