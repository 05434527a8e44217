import { uint64, viewOf } from "../io/bytes.js";
import { fail, quote, TruncatedError } from "../io/error.js";
import { type Reader, readExactly } from "../io/source.js";
import { List, type Storage } from "../pickle/nodes.js";
import { type Unpickled, unpickle } from "../pickle/read.js";
import type { Context } from "./decode.js";
import { type FinishOptions, finish } from "./finish.js";
import { findStorage, textOf } from "./rebuild.js";
import type { RunOfBytes } from "./tensor.js";

/** torch.serialization.MAGIC_NUMBER and PROTOCOL_VERSION: the first two of the five pickles in a row. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;
const FIRST_WINDOW = 1 << 16;

/** Whether a file begins with a pickle: of protocol 2 and later, or with PyTorch's magic number in an older one. */
export function isLegacy(head: Uint8Array): boolean {
  return head[0] === 0x80 || String.fromCharCode(...head.subarray(0, 8)) === "L1195470";
}

/** A file of torch.save before 1.6, or with _use_new_zipfile_serialization=False. */
export function* decodeLegacy(context: Context): Reader<unknown> {
  const { fileSize } = context;
  const storages = new Map<string, Storage>();
  const options = { ...context, storages };
  const magic = yield* readPickle(0, options);
  if (magic.value !== MAGIC) {
    fail("a pickle, but not of torch.save", 0);
  }
  const version = yield* readPickle(magic.length, options);
  if (version.value !== VERSION) {
    fail(`legacy format ${String(version.value)}, ${VERSION} is read`, magic.length);
  }
  const infoAt = magic.length + version.length;
  const info = yield* readPickle(infoAt, options);
  const objectAt = infoAt + info.length;
  const object = yield* readPickle(objectAt, options);
  const keysAt = objectAt + object.length;
  const keys = yield* readPickle(keysAt, options);
  const runs = yield* findRuns(fileSize, keys, storages, keysAt);
  return yield* finish(object.value, {
    ...context,
    where: objectAt,
    open: opener(fileSize, runs),
  });
}

interface PickleContext extends Context {
  /** The storages that were mentioned, each as it was first. */
  storages: Map<string, Storage>;
}

/** A pickle says its length only by its end, so the window grows until it is there. */
function* readPickle(at: number, { storages, ...context }: PickleContext): Reader<Unpickled> {
  const { fileSize } = context;
  for (let window = FIRST_WINDOW; ; window *= 4) {
    const length = Math.min(window, fileSize - at);
    const { bytes } = yield* readExactly(fileSize, at, length, "a pickle");
    try {
      return unpickle(bytes, {
        ...context,
        base: at,
        findPersistent(id, where) {
          const storage = findStorage(id, where);
          if (!storages.has(storage.key)) storages.set(storage.key, storage);
          return storage;
        },
      });
    } catch (error) {
      if (!(error instanceof TruncatedError) || at + length === fileSize) throw error;
    }
  }
}

interface Run {
  at: number;
  bytes: number;
  littleEndian: boolean;
}

/** Where each storage lies: one after the other, in the order of their keys, each behind its number of elements. */
function* findRuns(
  fileSize: number,
  keys: Unpickled,
  storages: Map<string, Storage>,
  keysAt: number,
): Reader<Map<string, Run>> {
  const runs = new Map<string, Run>();
  const { items } = keys.value instanceof List ? keys.value : fail("the storages are no list", keysAt);
  let at = keysAt + keys.length;
  for (const key of items) {
    const storage = storages.get(textOf(key) ?? String(key));
    if (storage === undefined || runs.has(storage.key)) {
      fail("a storage twice, or of no tensor", keysAt);
    }
    const header = viewOf((yield* readExactly(fileSize, at, 8, "the length of a storage")).bytes);
    // PyTorch writes little-endian here on every machine, whatever the system info says. Only a length that fits
    // the other way round shows a file that was written otherwise.
    const littleEndian = uint64(header, 0) === storage.total;
    if (!littleEndian && header.getBigUint64(0) !== BigInt(storage.total)) {
      fail(`a storage of ${uint64(header, 0)} elements, its tensors say ${storage.total}`, at);
    }
    const bytes = storage.total * storage.dtype.bytes;
    runs.set(storage.key, { at: at + 8, bytes, littleEndian });
    at += 8 + bytes;
  }
  return runs;
}

function opener(fileSize: number, runs: Map<string, Run>): FinishOptions["open"] {
  return function* open(storage: Storage): Reader<RunOfBytes> {
    const run = runs.get(storage.key);
    if (run === undefined) return fail(`storage ${quote(storage.key)} is not in the file`, storage.where);
    const reply = yield* readExactly(fileSize, run.at, run.bytes, "a storage");
    return { ...reply, littleEndian: run.littleEndian };
  };
}
