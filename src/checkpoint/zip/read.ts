import { CheckpointError, quote } from "../error.js";
import { type Reader, type ReadReply, readExactly } from "../io/source.js";
import { allocate, type Budget } from "../limits.js";
import { crc32 } from "./crc32.js";
import { inflate } from "./inflate.js";

// Signatures and sizes of APPNOTE.TXT, sections 4.3.7 to 4.3.16.
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const END64_LOCATOR = 0x07064b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR_BYTES = 20;
const LONGEST_COMMENT = 0xffff;
const ENCRYPTED = 1;

export interface ZipEntry {
  name: string;
  deflated: boolean;
  crc: number;
  /** Bytes in the archive. */
  packed: number;
  /** Bytes of the content. */
  size: number;
  /** Where the local header begins, and where the next one or the directory does: the entry lies between. */
  start: number;
  limit: number;
}

export type ZipDirectory = Map<string, ZipEntry>;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

interface DirectoryPlace {
  at: number;
  length: number;
  count: number;
}

/** Reads the central directory. Names are not paths to anything: they are only compared. */
export function* readDirectory(fileSize: number): Reader<ZipDirectory> {
  const place = yield* findDirectory(fileSize);
  const { bytes } = yield* readExactly(fileSize, place.at, place.length, "the directory of the archive");
  const entries = parseDirectory(bytes, place);
  const ordered = [...entries].sort((a, b) => a.start - b.start);
  ordered.forEach((entry, i) => {
    entry.limit = ordered[i + 1]?.start ?? place.at;
    if (entry.start + LOCAL_BYTES + entry.packed > entry.limit) {
      throw new CheckpointError(`entry ${quote(entry.name)} overlaps what follows it`, entry.start);
    }
  });
  const directory: ZipDirectory = new Map();
  for (const entry of entries) {
    if (directory.has(entry.name)) throw new CheckpointError(`two entries are named ${quote(entry.name)}`, entry.start);
    directory.set(entry.name, entry);
  }
  return directory;
}

function* findDirectory(fileSize: number): Reader<DirectoryPlace> {
  const length = Math.min(fileSize, END_BYTES + LONGEST_COMMENT + LOCATOR_BYTES);
  const tailAt = fileSize - length;
  const { bytes } = yield* readExactly(fileSize, tailAt, length, "the end of the archive");
  const view = viewOf(bytes);
  let end = length - END_BYTES;
  while (
    end >= 0 &&
    !(view.getUint32(end, true) === END && view.getUint16(end + 20, true) === length - end - END_BYTES)
  ) {
    end--;
  }
  if (end < 0) throw new CheckpointError("the archive has no end record: it is cut off or damaged", fileSize);
  const locator = end - LOCATOR_BYTES;
  const place =
    locator >= 0 && view.getUint32(locator, true) === END64_LOCATOR
      ? yield* readEnd64(fileSize, uint64(view, locator + 8), tailAt + locator)
      : {
          at: view.getUint32(end + 16, true),
          length: view.getUint32(end + 12, true),
          count: view.getUint16(end + 10, true),
        };
  if (place.at + place.length > tailAt + end) {
    throw new CheckpointError(
      `the directory (${place.length} bytes at ${place.at}) reaches past its end`,
      tailAt + end,
    );
  }
  return place;
}

function* readEnd64(fileSize: number, at: number, locatorAt: number): Reader<DirectoryPlace> {
  const { bytes } = yield* readExactly(fileSize, at, END64_BYTES, "the zip64 end record");
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== END64)
    throw new CheckpointError("the zip64 end record is not where its locator says", locatorAt);
  return { at: uint64(view, 48), length: uint64(view, 40), count: uint64(view, 32) };
}

/** A 64-bit integer as a number; beyond 2^53 it is rounded, and too large for any file. */
export function uint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

function parseDirectory(bytes: Uint8Array, place: DirectoryPlace): ZipEntry[] {
  const view = viewOf(bytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + CENTRAL_BYTES > bytes.length || view.getUint32(at, true) !== CENTRAL) {
      throw new CheckpointError("the directory holds something that is not an entry", place.at + at);
    }
    const nameEnd = at + CENTRAL_BYTES + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    if (next > bytes.length) throw new CheckpointError("an entry reaches past the directory", place.at + at);
    const name = new TextDecoder().decode(bytes.slice(at + CENTRAL_BYTES, nameEnd));
    entries.push(parseEntry(view, at, name, nameEnd, extraEnd, place.at + at));
    at = next;
  }
  // Without zip64 the count is kept modulo 2^16.
  if (entries.length % 0x10000 !== place.count % 0x10000) {
    throw new CheckpointError(`the directory has ${entries.length} entries, its end says ${place.count}`, place.at);
  }
  return entries;
}

function parseEntry(
  view: DataView,
  at: number,
  name: string,
  extra: number,
  extraEnd: number,
  where: number,
): ZipEntry {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  if (flags & ENCRYPTED) throw new CheckpointError(`entry ${quote(name)} is encrypted`, where);
  if (method !== 0 && method !== 8) {
    throw new CheckpointError(
      `entry ${quote(name)} is packed by method ${method}; 0 (stored) and 8 (deflated) are read`,
      where,
    );
  }
  const wide = new WideFields(view, extra, extraEnd);
  // The order of these three is the order of the fields in the zip64 extra field.
  const size = wide.next(view.getUint32(at + 24, true));
  const packed = wide.next(view.getUint32(at + 20, true));
  const start = wide.next(view.getUint32(at + 42, true));
  if (Number.isNaN(size + packed + start)) throw new CheckpointError(`entry ${quote(name)} lacks a zip64 field`, where);
  if (method === 0 && packed !== size) {
    throw new CheckpointError(`entry ${quote(name)} is stored, yet has ${packed} bytes for ${size}`, where);
  }
  return { name, deflated: method === 8, crc: view.getUint32(at + 16, true), packed, size, start, limit: 0 };
}

/** The zip64 extra field: the 64-bit forms of those header fields that hold 2^32 - 1. */
class WideFields {
  private at = 0;
  private end = 0;

  constructor(
    private readonly view: DataView,
    from: number,
    to: number,
  ) {
    for (let at = from; at + 4 <= to; ) {
      const length = view.getUint16(at + 2, true);
      if (view.getUint16(at, true) === 1) {
        this.at = at + 4;
        this.end = Math.min(to, at + 4 + length);
        return;
      }
      at += 4 + length;
    }
  }

  next(narrow: number): number {
    if (narrow !== 0xffffffff) return narrow;
    if (this.at + 8 > this.end) return Number.NaN;
    this.at += 8;
    return uint64(this.view, this.at - 8);
  }
}

/** What an entry holds. `fileOffset` is where its first byte lies in the file, or undefined where it was deflated. */
export interface EntryContent extends ReadReply {
  fileOffset: number | undefined;
}

/** Reads, inflates and checks one entry. */
export function* readEntry(fileSize: number, entry: ZipEntry, budget: Budget, checkCrc: boolean): Reader<EntryContent> {
  const header = viewOf(
    (yield* readExactly(fileSize, entry.start, LOCAL_BYTES, `the header of entry ${quote(entry.name)}`)).bytes,
  );
  if (header.getUint32(0, true) !== LOCAL) {
    throw new CheckpointError(`entry ${quote(entry.name)} does not begin where the directory says`, entry.start);
  }
  const from = entry.start + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
  if (from + entry.packed > entry.limit) {
    throw new CheckpointError(`entry ${quote(entry.name)} overlaps what follows it`, entry.start);
  }
  const packed = yield* readExactly(fileSize, from, entry.packed, `entry ${quote(entry.name)}`);
  const content: EntryContent = entry.deflated
    ? { bytes: unpack(packed.bytes, entry, budget), owned: true, fileOffset: undefined }
    : { ...packed, fileOffset: from };
  if (checkCrc && crc32(content.bytes) !== entry.crc) {
    throw new CheckpointError(
      `entry ${quote(entry.name)} is damaged: its checksum is wrong ({ checkCrc: false } reads it all the same)`,
      from,
    );
  }
  return content;
}

function unpack(packed: Uint8Array, entry: ZipEntry, budget: Budget): Uint8Array {
  budget.charge(entry.size, `entry ${quote(entry.name)}`, { offset: entry.start, entry: undefined });
  const output = new Uint8Array(allocate(entry.size, `entry ${quote(entry.name)}`));
  inflate(packed, output, entry.name);
  return output;
}
