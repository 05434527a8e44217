/**
 * What every decoder of this module throws when a file is not what it should be. The message says what was found, what
 * was expected, and where.
 */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
  /** Byte offset in the file, or in `entry` when that is set; undefined where no single place is at fault. */
  readonly offset: number | undefined;
  /** The entry of the zip archive that `offset` counts in. */
  readonly entry: string | undefined;

  constructor(what: string, offset?: number, entry?: string) {
    super(what + place(offset, entry));
    this.offset = offset;
    this.entry = entry;
  }
}

/** Thrown where the bytes at hand end too early: the caller may have more of them. */
export class TruncatedError extends CheckpointError {}

function place(offset: number | undefined, entry: string | undefined): string {
  if (offset === undefined) return entry === undefined ? "" : ` (entry ${quote(entry)})`;
  return ` (at byte ${offset}${entry === undefined ? "" : ` of entry ${quote(entry)}`})`;
}

/** A name from a file, made safe and short enough for a message. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}

/** A place in a file. */
export interface Place {
  offset: number | undefined;
  entry: string | undefined;
}

export function fail(what: string, place: Place): never {
  throw new CheckpointError(what, place.offset, place.entry);
}
