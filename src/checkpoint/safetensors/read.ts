import { type AnyTensorData, DTYPES, type DTypeInfo, elementCount, tensorOf } from "../dtype.js";
import { CheckpointError, quote } from "../error.js";
import {
  type RandomAccess,
  type Reader,
  readExactly,
  runAsync,
  runSync,
  toBytes,
  toRandomAccess,
} from "../io/source.js";
import { decodeText, isWellFormed } from "../io/text.js";
import { ownBytes } from "../limits.js";
import { uint64, viewOf } from "../zip/read.js";
import { type Json, parseStrictJson } from "./strict-json.js";

/** What a safetensors file holds. Both objects have no prototype. */
export interface Safetensors {
  tensors: Record<string, AnyTensorData>;
  /** `__metadata__`: free text by free text. */
  metadata: Record<string, string>;
}

/** The reference implementation's bound. */
const LONGEST_HEADER = 100_000_000;
const bySafetensorsName = new Map(DTYPES.map((info) => [info.safetensors, info]));

/**
 * Reads a safetensors file (https://huggingface.co/docs/safetensors): an unsigned 64-bit header length, a JSON header,
 * the elements. Every tensor gets an array of its own, so files whose data are not aligned are read as well.
 *
 * Dtypes: F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL. Throws a `CheckpointError` that says where,
 * for whatever the format forbids: a header over 100 MB or not beginning with "{", a key twice, metadata that is not
 * text, offsets that leave a hole, overlap, or do not fit the shape, bytes that belong to no tensor.
 */
export function decodeSafetensors(bytes: Uint8Array | ArrayBuffer): Safetensors {
  const input = toBytes(bytes);
  return runSync(decode(input.byteLength), input);
}

/** As `decodeSafetensors`, for a file that is not in memory: one tensor is read at a time, and becomes its own array. */
export async function decodeSafetensorsFrom(source: Blob | RandomAccess): Promise<Safetensors> {
  const access = toRandomAccess(source);
  return runAsync(decode(access.size), access);
}

interface Entry {
  name: string;
  info: DTypeInfo;
  shape: number[];
  begin: number;
  end: number;
}

function* decode(fileSize: number): Reader<Safetensors> {
  const { bytes: head } = yield* readExactly(fileSize, 0, 8, "the length of the header");
  const length = uint64(viewOf(head), 0);
  if (length > LONGEST_HEADER)
    throw new CheckpointError(`a header of ${length} bytes; at most ${LONGEST_HEADER} are read`, 0);
  const { bytes: header } = yield* readExactly(fileSize, 8, length, "the header");
  if (header[0] !== 0x7b) throw new CheckpointError('the header must begin with "{"', 8);
  const text = decodeText(header);
  if (text === null || !isWellFormed(text)) throw new CheckpointError("the header is not UTF-8", 8);
  const json = parseStrictJson(text, 8) as Map<string, Json>;
  const metadata = readMetadata(json.get("__metadata__"));
  json.delete("__metadata__");
  const entries = [...json].map(([name, value]) => readEntry(name, value));
  checkLayout(entries, fileSize - 8 - length);
  const tensors = Object.create(null) as Record<string, AnyTensorData>;
  for (const { name, info, shape, begin, end } of entries) {
    const { bytes, owned } = yield* readExactly(fileSize, 8 + length + begin, end - begin, `tensor ${quote(name)}`);
    tensors[name] = tensorOf(info, shape, ownBytes(bytes, owned), true);
  }
  return { tensors, metadata };
}

function readMetadata(json: Json | undefined): Record<string, string> {
  const metadata = Object.create(null) as Record<string, string>;
  if (json === undefined) return metadata;
  if (!(json instanceof Map)) throw new CheckpointError("__metadata__ must be an object", 8);
  for (const [key, value] of json) {
    if (typeof value !== "string") throw new CheckpointError(`__metadata__ ${quote(key)} must be a string`, 8);
    metadata[key] = value;
  }
  return metadata;
}

function readEntry(name: string, json: Json): Entry {
  const fault = (what: string) => new CheckpointError(`tensor ${quote(name)} ${what}`, 8);
  if (!(json instanceof Map)) throw fault("must be an object");
  const dtype = json.get("dtype");
  const info = bySafetensorsName.get(dtype as string);
  if (info === undefined) {
    const given = typeof dtype === "string" ? quote(dtype) : "missing";
    throw fault(`has the dtype ${given}; ${DTYPES.map((known) => known.safetensors).join(", ")} are read`);
  }
  const shape = naturals(json.get("shape"));
  const offsets = naturals(json.get("data_offsets"));
  if (shape === null) throw fault("must have an array of sizes as its shape");
  if (offsets?.length !== 2) throw fault("must have two data_offsets");
  const [begin, end] = offsets;
  const bytes = elementCount(shape) * info.bytes;
  // Written so that NaN fails.
  if (!(bytes === end - begin)) {
    throw fault(`of shape [${shape.slice(0, 64)}] and dtype ${info.safetensors} cannot lie at [${begin}, ${end}]`);
  }
  return { name, info, shape, begin, end };
}

function naturals(json: Json | undefined): number[] | null {
  if (!Array.isArray(json) || !json.every((item) => Number.isSafeInteger(item))) return null;
  return json as number[];
}

/** Each tensor begins where the one before ends, and the last one ends with the file. */
function checkLayout(entries: readonly Entry[], available: number): void {
  let at = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) {
      const what = begin > at ? "leaves a hole before it" : "overlaps the one before";
      throw new CheckpointError(`tensor ${quote(name)} begins at ${begin} instead of ${at} and ${what}`, 8);
    }
    at = end;
  }
  if (at !== available)
    throw new CheckpointError(`the tensors take ${at} bytes, the file has ${available} for them`, 8);
}
