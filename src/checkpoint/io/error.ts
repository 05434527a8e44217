/**
 * What every decoder of this module throws when a file is not what it should be. The message says what was found, what
 * was expected, and where.
 */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
  /** Byte offset in the file; undefined where no single place is at fault. */
  readonly offset: number | undefined;

  constructor(what: string, offset?: number) {
    super(offset === undefined ? what : `${what} (at byte ${offset})`);
    this.offset = offset;
  }
}

/** Thrown where the bytes at hand end too early: the caller may have more of them. */
export class TruncatedError extends CheckpointError {}

/** A name from a file, made safe and short enough for a message. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}

/** Throws an error that was caught again, at `offset` if it is a fault of the file without a place. */
export function placed(offset: number, error: unknown): never {
  if (!(error instanceof CheckpointError) || error.offset !== undefined) throw error;
  throw new (error.constructor as typeof CheckpointError)(error.message, offset);
}

/** Throws a `CheckpointError`; an expression, unlike `throw`. */
export function fail(what: string, offset?: number): never {
  throw new CheckpointError(what, offset);
}
