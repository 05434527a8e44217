import { ByteWriter } from "../io/byte-writer.js";
import { CheckpointError, quote } from "../io/error.js";
import type { Output } from "../io/output.js";
import { crc32 } from "./crc32.js";

/** An entry to be stored: its content is asked for when it is written, and must have the size it was planned with. */
export interface StoredEntry {
  name: string;
  size: number;
  content(): Uint8Array;
}

// torch.load(mmap=True) uses tensors where they lie in the file, so their place must suit every element type.
const ALIGNMENT = 64;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR_BYTES = 20;
/** What a 32-bit field holds when the number is in a zip64 field instead. */
const WIDE = 0xffffffff;
const NAMES_ARE_UTF8 = 0x0800;
/** 1 January 1980, the first day that zip knows: the same content gives the same file on every day. */
const DATE = 0x21;

interface PlannedEntry extends StoredEntry {
  nameBytes: Uint8Array;
  /** Of the local header in the file. */
  at: number;
  /** Filler in the local header that aligns the content. */
  padding: number;
  crc: number;
}

/** Lays out a zip archive of stored entries, each aligned to 64 bytes; zip64 fields where 32 bits do not hold a number. */
export function planZip(entries: readonly StoredEntry[]): Output {
  const planned: PlannedEntry[] = [];
  let at = 0;
  let directoryBytes = 0;
  for (const entry of entries) {
    const nameBytes = new TextEncoder().encode(entry.name);
    const contentAt = at + LOCAL_BYTES + nameBytes.length + (entry.size >= WIDE ? 20 : 0) + 4;
    const padding = -contentAt & (ALIGNMENT - 1);
    const plan = { ...entry, nameBytes, at, padding, crc: 0 };
    planned.push(plan);
    at = contentAt + padding + entry.size;
    directoryBytes += CENTRAL_BYTES + nameBytes.length + wideFields(plan).length;
  }
  const wide = at + directoryBytes >= WIDE || planned.length >= 0xffff;
  const size = at + directoryBytes + (wide ? END64_BYTES + LOCATOR_BYTES : 0) + END_BYTES;
  return { size, pieces: () => pieces(planned, at, directoryBytes, wide) };
}

function* pieces(
  entries: PlannedEntry[],
  directoryAt: number,
  directoryBytes: number,
  wide: boolean,
): Generator<Uint8Array> {
  for (const entry of entries) {
    const content = entry.content();
    if (content.length !== entry.size) {
      throw new CheckpointError(
        `entry ${quote(entry.name)} was planned with ${entry.size} bytes and now has ${content.length}: ` +
          "its memory must stay as it is until the file is written",
      );
    }
    entry.crc = crc32(content);
    yield localHeader(entry);
    yield content;
  }
  const writer = new ByteWriter();
  for (const entry of entries) centralHeader(writer, entry);
  if (wide) end64(writer, entries.length, directoryAt, directoryBytes);
  writer.uint32(0x06054b50).uint32(0);
  const count = Math.min(entries.length, 0xffff);
  writer.uint16(count).uint16(count);
  writer.uint32(Math.min(directoryBytes, WIDE)).uint32(Math.min(directoryAt, WIDE)).uint16(0);
  yield writer.finish();
}

function localHeader(entry: PlannedEntry): Uint8Array {
  const writer = new ByteWriter().uint32(0x04034b50);
  const wide = entry.size >= WIDE;
  commonHeader(writer, entry, wide);
  writer.uint16((wide ? 20 : 0) + 4 + entry.padding).bytes(entry.nameBytes);
  // Here, unlike in the directory, a zip64 field holds both sizes or none.
  if (wide) writer.uint16(1).uint16(16).uint64(entry.size).uint64(entry.size);
  // The field "FB" filled with "Z" is how PyTorch aligns.
  return writer.uint16(0x4246).uint16(entry.padding).fill(0x5a, entry.padding).finish();
}

function centralHeader(writer: ByteWriter, entry: PlannedEntry): void {
  const fields = wideFields(entry);
  writer.uint32(0x02014b50).uint16(fields.length > 0 ? 45 : 20);
  commonHeader(writer, entry, fields.length > 0);
  writer.uint16(fields.length).fill(0, 10).uint32(Math.min(entry.at, WIDE)).bytes(entry.nameBytes).bytes(fields);
}

/** What both kinds of header share: from the version needed to the length of the name. */
function commonHeader(writer: ByteWriter, entry: PlannedEntry, wide: boolean): void {
  const size = Math.min(entry.size, WIDE);
  writer
    .uint16(wide ? 45 : 20)
    .uint16(NAMES_ARE_UTF8)
    .uint16(0)
    .uint16(0)
    .uint16(DATE);
  writer.uint32(entry.crc).uint32(size).uint32(size).uint16(entry.nameBytes.length);
}

/** The zip64 field of the directory: the numbers that 32 bits do not hold, in this order. */
function wideFields({ size, at }: PlannedEntry): Uint8Array {
  const numbers = [...(size >= WIDE ? [size, size] : []), ...(at >= WIDE ? [at] : [])];
  if (numbers.length === 0) return new Uint8Array();
  const writer = new ByteWriter().uint16(1).uint16(8 * numbers.length);
  for (const number of numbers) writer.uint64(number);
  return writer.finish();
}

function end64(writer: ByteWriter, count: number, directoryAt: number, directoryBytes: number): void {
  writer
    .uint32(0x06064b50)
    .uint64(END64_BYTES - 12)
    .uint16(45)
    .uint16(45)
    .uint32(0)
    .uint32(0);
  writer.uint64(count).uint64(count).uint64(directoryBytes).uint64(directoryAt);
  writer
    .uint32(0x07064b50)
    .uint32(0)
    .uint64(directoryAt + directoryBytes)
    .uint32(1);
}
