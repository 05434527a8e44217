import { ownBytes, uint64, viewOf } from "../io/bytes.js";
import { CheckpointError, quote } from "../io/error.js";
import { whatElse } from "../io/foreign.js";
import {
  type RandomAccess,
  type Reader,
  readExactly,
  runAsync,
  runSync,
  toBytes,
  toRandomAccess,
} from "../io/source.js";
import {
  type AnyTensorData,
  type DTypeInfo,
  dtypeInfo,
  elementCount,
  type TensorDType,
  tensorOf,
} from "../io/tensor.js";
import { decodeUtf8, isWellFormed } from "../io/text.js";
import { SAFETENSORS_NAMES } from "./dtypes.js";

/** What a safetensors file holds. Both objects have no prototype. */
export interface Safetensors {
  tensors: Record<string, AnyTensorData>;
  /** `__metadata__`: free text by free text. */
  metadata: Record<string, string>;
}

/** The reference implementation's bound. */
const LONGEST_HEADER = 100_000_000;
const dtypes = /* @__PURE__ */ new Map<unknown, TensorDType>(
  /* @__PURE__ */ Array.from(SAFETENSORS_NAMES, ([dtype, name]) => [name, dtype]),
);

/**
 * Reads a safetensors file (https://huggingface.co/docs/safetensors): an unsigned 64-bit header length, a JSON header,
 * the elements. Every tensor gets an array of its own, so files whose data are not aligned are read as well.
 *
 * Dtypes: F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, and as raw bytes C64, F8_E4M3, F8_E5M2, F8_E8M0.
 * Of a name that occurs twice the last counts, as in the reference implementation. Throws a `CheckpointError` that says
 * where, for whatever the format forbids: a header over 100 MB or that is no JSON object, metadata that is not text, offsets
 * that leave a hole, overlap, or do not fit the shape, bytes that belong to no tensor.
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
  const { bytes: head } = yield* readExactly(fileSize, 0, Math.min(fileSize, 512), "the first bytes");
  const foreign = whatElse(head, "decodeSafetensors");
  if (foreign !== undefined) throw new CheckpointError(`not a safetensors file: it is ${foreign}`, 0);
  if (head.length < 8) throw new CheckpointError(`the length of the header takes 8 bytes, it has ${head.length}`, 0);
  const length = uint64(viewOf(head), 0);
  if (length > LONGEST_HEADER)
    throw new CheckpointError(`a header of ${length} bytes; at most ${LONGEST_HEADER} are read`, 0);
  const { bytes: header } = yield* readExactly(fileSize, 8, length, "the header");
  const { __metadata__: given, ...described } = parseHeader(header);
  const metadata = readMetadata(given);
  const entries = Object.entries(described).map(([name, value]) => readEntry(name, value));
  checkLayout(entries, fileSize - 8 - length);
  const tensors = Object.create(null) as Record<string, AnyTensorData>;
  for (const { name, info, shape, begin, end } of entries) {
    const { bytes, owned } = yield* readExactly(fileSize, 8 + length + begin, end - begin, `tensor ${quote(name)}`);
    tensors[name] = tensorOf(info, shape, ownBytes(bytes, owned), true);
  }
  return { tensors, metadata };
}

function parseHeader(header: Uint8Array): Record<string, unknown> {
  const text = decodeUtf8(header);
  if (text === null) throw new CheckpointError("the header is not UTF-8", 8);
  if (!/^[ \t\n\r]*\{/.test(text)) throw new CheckpointError('the header must begin with "{"', 8);
  try {
    const json = JSON.parse(text);
    const withoutTexts = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, "");
    if (/[-.]|\d[eE]/.test(withoutTexts)) throw new Error("it has a number that is not written as a natural number");
    return json;
  } catch (error) {
    throw new CheckpointError(`the header is not valid: ${(error as Error).message.slice(0, 200)}`, 8);
  }
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function readMetadata(json: unknown): Record<string, string> {
  const metadata = Object.create(null) as Record<string, string>;
  if (json === undefined || json === null) return metadata;
  if (!isObject(json)) throw new CheckpointError("__metadata__ must be an object", 8);
  for (const [key, value] of Object.entries(json)) {
    if (typeof value !== "string") throw new CheckpointError(`__metadata__ ${quote(key)} must be a string`, 8);
    metadata[key] = value;
  }
  return metadata;
}

function readEntry(name: string, json: unknown): Entry {
  const fault = (what: string) => new CheckpointError(`tensor ${quote(name)} ${what}`, 8);
  if (!isWellFormed(name)) throw fault("has half a surrogate pair in its name");
  if (!isObject(json)) throw fault("must be an object");
  const info = dtypeInfo(dtypes.get(json.dtype) ?? "");
  if (info === undefined) {
    const given = typeof json.dtype === "string" ? quote(json.dtype) : "missing";
    throw fault(`has the dtype ${given}; ${[...dtypes.keys()].join(", ")} are read`);
  }
  const shape = naturals(json.shape);
  const offsets = naturals(json.data_offsets);
  if (shape === null) throw fault("must have an array of sizes as its shape");
  if (offsets?.length !== 2) throw fault("must have two data_offsets");
  const [begin, end] = offsets;
  const bytes = elementCount(shape) * info.bytes;
  // Written so that NaN fails.
  if (!(bytes === end - begin)) {
    throw fault(`of shape [${shape.slice(0, 64)}] and dtype ${info.name} cannot lie at [${begin}, ${end}]`);
  }
  return { name, info, shape, begin, end };
}

function naturals(json: unknown): number[] | null {
  return Array.isArray(json) && json.every((item) => Number.isSafeInteger(item) && item >= 0) ? json : null;
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
