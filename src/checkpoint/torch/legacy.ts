import { CheckpointError, fail, TruncatedError } from "../error.js";
import { type Reader, readExactly } from "../io/source.js";
import type { Budget, CheckpointLimits } from "../limits.js";
import { Dict, List, type Storage } from "../pickle/nodes.js";
import { type Unpickled, unpickle } from "../pickle/read.js";
import { uint64, viewOf } from "../zip/read.js";
import type { FinishOptions } from "./finish.js";
import { finish } from "./finish.js";
import type { RunOfBytes } from "./tensor.js";

/** torch.serialization.MAGIC_NUMBER and PROTOCOL_VERSION: the first two of the five pickles in a row. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;
const FIRST_WINDOW = 1 << 16;

export interface LegacyOptions {
  limits: CheckpointLimits;
  budget: Budget;
}

/** A file of torch.save before 1.6, or with _use_new_zipfile_serialization=False. */
export function* decodeLegacy(fileSize: number, options: LegacyOptions): Reader<unknown> {
  const magic = yield* readPickle(fileSize, 0, options);
  if (magic.value !== MAGIC) {
    throw new CheckpointError("a pickle, but not of torch.save: it does not begin with PyTorch's magic number", 0);
  }
  const version = yield* readPickle(fileSize, magic.length, options);
  if (version.value !== VERSION) {
    throw new CheckpointError(`legacy format ${String(version.value)}, ${VERSION} is read`, magic.length);
  }
  const infoAt = magic.length + version.length;
  const info = yield* readPickle(fileSize, infoAt, options);
  if (!(info.value instanceof Dict))
    throw new CheckpointError("the system info of a legacy file must be a dict", infoAt);
  const objectAt = infoAt + info.length;
  const object = yield* readPickle(fileSize, objectAt, options);
  const keysAt = objectAt + object.length;
  const keys = yield* readPickle(fileSize, keysAt, options);
  const runs = yield* findRuns(fileSize, keys, object.storages, keysAt);
  return yield* finish(object.value, {
    ...options,
    where: { offset: objectAt, entry: undefined },
    open: opener(fileSize, runs),
  });
}

/** A pickle says its length only by its end, so the window grows until it is there. */
function* readPickle(fileSize: number, at: number, options: LegacyOptions): Reader<Unpickled> {
  for (let window = FIRST_WINDOW; ; window *= 4) {
    const length = Math.min(window, fileSize - at);
    const { bytes } = yield* readExactly(fileSize, at, length, "a pickle");
    try {
      return unpickle(bytes, { ...options, base: at, entry: undefined });
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
  if (!(keys.value instanceof List))
    throw new CheckpointError("the keys of a legacy file's storages must be a list", keysAt);
  let at = keysAt + keys.length;
  for (const key of keys.value.items) {
    const storage = storages.get(String(key));
    if (storage === undefined || runs.has(storage.key)) {
      throw new CheckpointError("the list of storages names one twice, or one that no tensor has", keysAt);
    }
    const header = viewOf((yield* readExactly(fileSize, at, 8, "the length of a storage")).bytes);
    // PyTorch writes little-endian here on every machine, whatever the system info says. Only a length that fits
    // the other way round shows a file that was written otherwise.
    const littleEndian = uint64(header, 0) === storage.total;
    if (!littleEndian && header.getBigUint64(0) !== BigInt(storage.total)) {
      throw new CheckpointError(`a storage of ${uint64(header, 0)} elements, its tensors say ${storage.total}`, at);
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
    if (run === undefined) return fail(`storage ${JSON.stringify(storage.key)} is not in the file`, storage.where);
    const reply = yield* readExactly(fileSize, run.at, run.bytes, "a storage");
    return { ...reply, littleEndian: run.littleEndian };
  };
}
