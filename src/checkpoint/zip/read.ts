import { uint64, viewOf } from "../io/bytes.js";
import { fail, quote } from "../io/error.js";
import { type Reader, type ReadReply, readExactly } from "../io/source.js";
import { crc32 } from "./crc32.js";

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
const ARCHIVE = "the end of the archive";
const NO_ENTRY = "the directory of the archive holds something else than entries";
/** The records at the end, and the longest comment. */
const TAIL_BYTES = LOCATOR_BYTES + END_BYTES + 0xffff;

export interface ZipEntry {
  name: string;
  crc: number;
  /** Bytes of the content. */
  size: number;
  /** Where the local header begins, and where the next one or the directory does: the entry lies between. */
  start: number;
  limit: number;
}

export type ZipDirectory = Map<string, ZipEntry>;

interface DirectoryPlace {
  at: number;
  length: number;
  count: number;
}

/** Reads the central directory. Names are not paths to anything: they are only compared. */
export function* readDirectory(fileSize: number): Reader<ZipDirectory> {
  const place = yield* findDirectory(fileSize);
  const { bytes } = yield* readExactly(fileSize, place.at, place.length, ARCHIVE);
  const entries = parseDirectory(bytes, place);
  const ordered = [...entries].sort((a, b) => a.start - b.start);
  ordered.forEach((entry, i) => {
    entry.limit = ordered[i + 1]?.start ?? place.at;
    checkOverlap(entry, entry.start + LOCAL_BYTES);
  });
  const directory: ZipDirectory = new Map();
  for (const entry of entries) {
    if (directory.has(entry.name)) fail(`two entries are named ${quote(entry.name)}`, entry.start);
    directory.set(entry.name, entry);
  }
  return directory;
}

function checkOverlap({ name, size, start, limit }: ZipEntry, from: number): void {
  if (from + size > limit) fail(`entry ${quote(name)} overlaps what follows it`, start);
}

function* findDirectory(fileSize: number): Reader<DirectoryPlace> {
  const { bytes, at: tailAt, contentEnd } = yield* readTail(fileSize);
  const view = viewOf(bytes);
  let end = bytes.length - END_BYTES;
  while (end >= 0 && !isEnd(view, end, contentEnd)) end--;
  if (end < 0) return fail("the archive has no end record: it is cut off or damaged", fileSize);
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
    fail("the directory reaches past its end", tailAt + end);
  }
  return place;
}

interface Tail {
  bytes: Uint8Array;
  /** Where they lie in the file. */
  at: number;
  /** How many they are without the zeros at the end. */
  contentEnd: number;
}

/** The end of a file, without the zeros that may stand behind an archive: as much as an end record and its comment take. */
function* readTail(fileSize: number): Reader<Tail> {
  let to = fileSize;
  for (;;) {
    const at = Math.max(0, to - TAIL_BYTES);
    const { bytes } = yield* readExactly(fileSize, at, to - at, ARCHIVE);
    let contentEnd = bytes.length;
    while (contentEnd > 0 && bytes[contentEnd - 1] === 0) contentEnd--;
    // The end record may itself end in zeros.
    const wanted = at + contentEnd + END_BYTES;
    if (at === 0 || to <= wanted) return { bytes, at, contentEnd };
    to = wanted;
  }
}

/** Whether the end record is here, with nothing but its comment and zeros behind it. */
function isEnd(view: DataView, at: number, contentEnd: number): boolean {
  if (view.getUint32(at, true) !== END) return false;
  const commentEnd = at + END_BYTES + view.getUint16(at + 20, true);
  return commentEnd >= contentEnd && commentEnd <= view.byteLength;
}

function* readEnd64(fileSize: number, at: number, locatorAt: number): Reader<DirectoryPlace> {
  const { bytes } = yield* readExactly(fileSize, at, END64_BYTES, ARCHIVE);
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== END64) fail("the zip64 end record is missing", locatorAt);
  return { at: uint64(view, 48), length: uint64(view, 40), count: uint64(view, 32) };
}

function parseDirectory(bytes: Uint8Array, place: DirectoryPlace): ZipEntry[] {
  const view = viewOf(bytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    const where = place.at + at;
    if (at + CENTRAL_BYTES > bytes.length || view.getUint32(at, true) !== CENTRAL) {
      fail(NO_ENTRY, where);
    }
    const nameEnd = at + CENTRAL_BYTES + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    if (next > bytes.length) fail(NO_ENTRY, where);
    const name = new TextDecoder().decode(bytes.slice(at + CENTRAL_BYTES, nameEnd));
    entries.push(parseEntry(view, at, name, wideFields(view, nameEnd, extraEnd), where));
    at = next;
  }
  // Without zip64 the count is kept modulo 2^16.
  if (entries.length % 0x10000 !== place.count % 0x10000) {
    fail(`the directory has ${entries.length} entries, its end says ${place.count}`, place.at);
  }
  return entries;
}

function parseEntry(view: DataView, at: number, name: string, wide: number[], where: number): ZipEntry {
  const what = `entry ${quote(name)}`;
  if (view.getUint16(at + 8, true) & 1 || view.getUint16(at + 10, true) !== 0) {
    fail(`${what} is compressed or encrypted, as torch.save never does: unzip the file, and zip it by "zip -0"`, where);
  }
  // The order of these three is the order of the fields in the zip64 extra field.
  const [size, packed, start] = [24, 20, 42].map((field) => {
    const narrow = view.getUint32(at + field, true);
    return narrow === 0xffffffff ? (wide.shift() ?? Number.NaN) : narrow;
  });
  if (Number.isNaN(size + packed + start)) fail(`${what} has no zip64 field, though its header refers to one`, where);
  if (packed !== size) fail(`${what} is stored, yet has ${packed} bytes for ${size}`, where);
  return { name, crc: view.getUint32(at + 16, true), size, start, limit: 0 };
}

/** The zip64 extra field: the 64-bit forms of those header fields that hold 2^32 - 1, in order. */
function wideFields(view: DataView, from: number, to: number): number[] {
  const fields: number[] = [];
  for (let at = from; at + 4 <= to && fields.length === 0; ) {
    const end = at + 4 + view.getUint16(at + 2, true);
    const isWide = view.getUint16(at, true) === 1;
    for (at += 4; isWide && at + 8 <= Math.min(end, to); at += 8) fields.push(uint64(view, at));
    at = end;
  }
  return fields;
}

/** What an entry holds, and where its first byte lies in the file. */
export interface EntryContent extends ReadReply {
  fileOffset: number;
}

/** Reads and checks one entry. */
export function* readEntry(fileSize: number, entry: ZipEntry, checkCrc: boolean): Reader<EntryContent> {
  const what = `entry ${quote(entry.name)}`;
  const header = viewOf((yield* readExactly(fileSize, entry.start, LOCAL_BYTES, what)).bytes);
  if (header.getUint32(0, true) !== LOCAL) fail(`${what} does not begin where the directory says`, entry.start);
  const fileOffset = entry.start + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
  checkOverlap(entry, fileOffset);
  const content = yield* readExactly(fileSize, fileOffset, entry.size, what);
  if (checkCrc && crc32(content.bytes) !== entry.crc) {
    const fault = entry.crc === 0 ? "has no checksum" : "is damaged: its checksum is wrong";
    fail(`${what} ${fault} ({ checkCrc: false } reads it all the same)`, fileOffset);
  }
  return { ...content, fileOffset };
}
