import { checkKeys, checkOneOf } from "../../common/checks.js";
import { viewOf } from "../io/bytes.js";
import { fail, quote } from "../io/error.js";
import { whatElse } from "../io/foreign.js";
import { Budget, type CheckpointLimits, resolveLimits } from "../io/limits.js";
import {
  type RandomAccess,
  type Reader,
  readExactly,
  runAsync,
  runSync,
  toBytes,
  toRandomAccess,
} from "../io/source.js";
import type { Encoding } from "../pickle/machine.js";
import type { Global, Storage } from "../pickle/nodes.js";
import { unpickle } from "../pickle/read.js";
import { readDirectory, readEntry, type ZipDirectory, type ZipEntry } from "../zip/read.js";
import { finish } from "./finish.js";
import { findGlobal } from "./globals.js";
import { decodeLegacy, isLegacy } from "./legacy.js";
import { findStorage } from "./rebuild.js";
import type { RunOfBytes } from "./tensor.js";

/** How `decodeTorch` reads a file. */
export interface DecodeOptions {
  /** Bounds on depth, sizes and expansion, see `CheckpointLimits`. */
  limits?: Partial<CheckpointLimits>;
  /** Compare the checksums of the archive's entries. Default true. */
  checkCrc?: boolean;
  /**
   * What becomes of things that no checkpoint needs, such as an object of a user's class: "refuse" the file, or "keep" them as
   * `{ unknown: "module.Name", args, state }`, inert data. Nothing is looked up or run either way. Default "refuse".
   */
  unknown?: "refuse" | "keep";
  /** How the strings of Python 2 are read: as text, or as `Uint8Array`s. Default "utf-8", as in `torch.load`. */
  encoding?: Encoding;
}

/** What both kinds of file are read with. */
export interface Context {
  fileSize: number;
  limits: CheckpointLimits;
  budget: Budget;
  checkCrc: boolean;
  keep: boolean;
  encoding: Encoding;
  findGlobal(name: string, where: number): Global;
}

/**
 * Reads a file of `torch.save`: the zip archives of PyTorch 1.6 and newer (stored entries, zip64) and the legacy
 * files before, pickle protocols 0 to 5, also those of Python 2, either byte order.
 *
 * Dicts become objects without a prototype where all keys are strings and none looks like a natural number, `Map`s with the
 * keys' own types and order otherwise; `state` beside the `param_groups` of an optimizer is always an object. Sets become
 * `Set`s, lists and tuples arrays, bytes `Uint8Array`s, integers numbers or, beyond 2^53, `BigInt`s, complex numbers
 * `{ re, im }`, devices, dtypes and methods their names. Tensors, parameters and numpy's arrays become `{ dtype, shape, data }`
 * with elements of their own in row-major order, whatever their strides were. Attributes are dropped.
 *
 * Nothing in the file is executed: a pickled global that is not on a short list is refused by name. Throws a
 * `CheckpointError` that says what is wrong and where; `options.limits` bound the time and memory a file can take.
 *
 * ```ts
 * const { model, optimizer, epoch } = decodeTorch(bytes);
 * ```
 */
// biome-ignore lint/suspicious/noExplicitAny: as with JSON.parse, the file decides what this is.
export function decodeTorch(bytes: Uint8Array | ArrayBuffer, options: DecodeOptions = {}): any {
  const input = toBytes(bytes);
  return runSync(decode(input.byteLength, options), input);
}

/**
 * As `decodeTorch`, for a file that is not in memory: a `Blob`, a `File`, or anything with a size and a `read`. Each
 * storage is read when its tensors are made, and one that a single tensor covers becomes that tensor without a copy.
 */
export async function decodeTorchFrom(
  source: Blob | RandomAccess,
  options: DecodeOptions = {},
  // biome-ignore lint/suspicious/noExplicitAny: as with JSON.parse, the file decides what this is.
): Promise<any> {
  const access = toRandomAccess(source);
  return runAsync(decode(access.size, options), access);
}

function* decode(fileSize: number, options: DecodeOptions): Reader<unknown> {
  const context = contextOf(fileSize, options);
  const { bytes: head } = yield* readExactly(fileSize, 0, Math.min(fileSize, 512), "the first bytes");
  if (head[0] === 0x50 && head[1] === 0x4b) return yield* decodeZip(context);
  if (isLegacy(head)) return yield* decodeLegacy(context);
  const what = whatElse(head, "decodeTorch");
  const found = head.length < 4 ? `it has ${head.length} bytes` : `it begins with 0x${hexOf(head)}`;
  return fail(`not a file of torch.save: it is ${what ?? `no zip archive and no pickle, ${found}`}`, 0);
}

const OPTIONS = ["limits", "checkCrc", "unknown", "encoding"];

function contextOf(fileSize: number, options: DecodeOptions): Context {
  checkKeys(options, OPTIONS, "decodeTorch");
  const limits = resolveLimits(options.limits);
  const { checkCrc = true, unknown = "refuse", encoding = "utf-8" } = options;
  checkOneOf("unknown", unknown, ["refuse", "keep"]);
  checkOneOf("encoding", encoding, ["utf-8", "latin1", "bytes"]);
  const keep = unknown === "keep";
  const find = (name: string, where: number) => findGlobal(name, where, keep);
  return { fileSize, limits, budget: new Budget(limits, fileSize), checkCrc, keep, encoding, findGlobal: find };
}

function hexOf(head: Uint8Array): string {
  return viewOf(head).getUint32(0).toString(16).padStart(8, "0");
}

function* decodeZip(context: Context): Reader<unknown> {
  const { fileSize, checkCrc } = context;
  const directory = yield* readDirectory(fileSize);
  const pickleEntry = findPickle(directory);
  const stem = pickleEntry.name.slice(0, -"data.pkl".length);
  const littleEndian = yield* readByteOrder(directory.get(`${stem}byteorder`), context);
  const pickle = yield* readEntry(fileSize, pickleEntry, checkCrc);
  const { value } = unpickle(pickle.bytes, {
    ...context,
    base: pickle.fileOffset,
    findPersistent: findStorage,
  });
  function* open(storage: Storage): Reader<RunOfBytes> {
    const name = `${stem}data/${storage.key}`;
    const entry = directory.get(name) ?? fail(`the archive has no entry ${quote(name)}`, storage.where);
    const { bytes, owned } = yield* readEntry(fileSize, entry, checkCrc);
    return { bytes, owned, littleEndian };
  }
  return yield* finish(value, { ...context, where: pickle.fileOffset, open });
}

/** The archive has one folder, named after the file or "archive", and the pickle is in it. */
function findPickle(directory: ZipDirectory): ZipEntry {
  const found = [...directory.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  const [entry] = found;
  if (entry === undefined || found.length > 1) {
    fail(`the archive has ${found.length} entries named <folder>/data.pkl`, 0);
  }
  if (directory.has(entry.name.replace("data.pkl", "constants.pkl"))) {
    fail("a TorchScript archive: save the model's state_dict() instead", 0);
  }
  return entry;
}

/** PyTorch 2.1 and newer say it; what was written before is taken as little-endian. */
function* readByteOrder(entry: ZipEntry | undefined, context: Context): Reader<boolean> {
  if (entry === undefined) return true;
  const { bytes } = yield* readEntry(context.fileSize, entry, context.checkCrc);
  const order = String.fromCharCode(...bytes.subarray(0, 16));
  if (order !== "little" && order !== "big") {
    fail(`the byte order is ${quote(order)}, "little" and "big" are known`, entry.start);
  }
  return order === "little";
}
