import { CheckpointError, fail, quote } from "../error.js";
import {
  type RandomAccess,
  type Reader,
  readExactly,
  runAsync,
  runSync,
  toBytes,
  toRandomAccess,
} from "../io/source.js";
import { Budget, type CheckpointLimits, resolveLimits } from "../limits.js";
import type { Storage } from "../pickle/nodes.js";
import { unpickle } from "../pickle/read.js";
import { readDirectory, readEntry, viewOf, type ZipDirectory, type ZipEntry } from "../zip/read.js";
import { finish } from "./finish.js";
import { decodeLegacy } from "./legacy.js";
import type { RunOfBytes } from "./tensor.js";

export interface DecodeOptions {
  /** Bounds on depth, sizes and expansion, see `CheckpointLimits`. */
  limits?: Partial<CheckpointLimits>;
  /** Compare the checksums of the archive's entries. Default true. */
  checkCrc?: boolean;
}

interface Context {
  fileSize: number;
  limits: CheckpointLimits;
  budget: Budget;
  checkCrc: boolean;
}

/**
 * Reads a file of `torch.save`: the zip archives of PyTorch 1.6 and newer (stored or deflated entries, zip64) and the legacy
 * files before, pickle protocols 2 to 5, either byte order.
 *
 * Dicts with string or integer keys become objects without a prototype, other dicts `Map`s, sets `Set`s, lists and tuples
 * arrays, bytes `Uint8Array`s, integers numbers or, beyond 2^53, `BigInt`s. Tensors and parameters become `{ dtype, shape,
 * data }` with elements of their own in row-major order, whatever their strides were. Attributes are dropped.
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
  const limits = resolveLimits(options.limits);
  const context = { fileSize, limits, budget: new Budget(limits, fileSize), checkCrc: options.checkCrc ?? true };
  if (fileSize < 4) throw new CheckpointError(`not a file of torch.save: it has ${fileSize} bytes`, 0);
  const head = viewOf((yield* readExactly(fileSize, 0, 4, "the first bytes")).bytes);
  if (head.getUint16(0) === 0x504b) return yield* decodeZip(context);
  if (head.getUint8(0) === 0x80) return yield* decodeLegacy(fileSize, context);
  throw new CheckpointError(
    `not a file of torch.save: it begins with 0x${head.getUint32(0).toString(16).padStart(8, "0")}, ` +
      "expected a zip archive (504b0304) or a pickle (80)",
    0,
  );
}

function* decodeZip(context: Context): Reader<unknown> {
  const directory = yield* readDirectory(context.fileSize);
  const pickleEntry = findPickle(directory);
  const stem = pickleEntry.name.slice(0, -"data.pkl".length);
  const littleEndian = yield* readByteOrder(directory.get(`${stem}byteorder`), context);
  const pickle = yield* readEntry(context.fileSize, pickleEntry, context.budget, context.checkCrc);
  // Offsets count in the file where the pickle lies there as it is.
  const inFile = pickle.fileOffset !== undefined;
  const where = { offset: pickle.fileOffset ?? 0, entry: inFile ? undefined : pickleEntry.name };
  const { value } = unpickle(pickle.bytes, { ...context, base: where.offset, entry: where.entry });
  function* open(storage: Storage): Reader<RunOfBytes> {
    const entry = directory.get(`${stem}data/${storage.key}`);
    if (entry === undefined)
      return fail(`the archive has no entry ${quote(`${stem}data/${storage.key}`)}`, storage.where);
    const { bytes, owned } = yield* readEntry(context.fileSize, entry, context.budget, context.checkCrc);
    return { bytes, owned, littleEndian };
  }
  return yield* finish(value, { ...context, where, open });
}

/** The archive has one folder, named after the file or "archive", and the pickle is in it. */
function findPickle(directory: ZipDirectory): ZipEntry {
  const found = [...directory.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  const [entry] = found;
  if (entry === undefined || found.length > 1) {
    throw new CheckpointError(
      `the archive has ${found.length} entries named <folder>/data.pkl, a checkpoint has one`,
      0,
    );
  }
  if (directory.has(entry.name.replace("data.pkl", "constants.pkl"))) {
    throw new CheckpointError("a TorchScript archive, not a checkpoint: save the model's state_dict() instead", 0);
  }
  return entry;
}

/** PyTorch 2.1 and newer say it; what was written before is taken as little-endian. */
function* readByteOrder(entry: ZipEntry | undefined, context: Context): Reader<boolean> {
  if (entry === undefined) return true;
  const { bytes } = yield* readEntry(context.fileSize, entry, context.budget, context.checkCrc);
  const order = String.fromCharCode(...bytes.subarray(0, 16));
  if (order !== "little" && order !== "big") {
    throw new CheckpointError(`the byte order is ${quote(order)}, "little" and "big" are known`, entry.start);
  }
  return order === "little";
}
