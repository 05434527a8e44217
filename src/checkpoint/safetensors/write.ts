import { CheckpointError } from "../io/error.js";
import { isMap, isPlainObject } from "../io/kind.js";
import { type Output, toArray, toStream } from "../io/output.js";
import { type AnyTensorData, checkTensor, elementCount, littleEndianBytes } from "../io/tensor.js";
import { isWellFormed } from "../io/text.js";
import { SAFETENSORS_NAMES } from "./dtypes.js";

/** Tensors by name, as an object or a `Map`. */
export type NamedTensors = Readonly<Record<string, AnyTensorData>> | ReadonlyMap<string, AnyTensorData>;

/**
 * A safetensors file (https://huggingface.co/docs/safetensors), byte for byte what the reference implementation writes:
 * tensors in order of their dtype, widest first, and then by name; the header padded so that every one is aligned.
 * `metadata` is free text by free text. Throws a `TypeError` that names the tensor where dtype, shape and elements do
 * not agree.
 */
export function encodeSafetensors(tensors: NamedTensors, metadata?: Record<string, string>): Uint8Array<ArrayBuffer> {
  return toArray(planSafetensors(tensors, metadata));
}

/** As `encodeSafetensors`, in chunks of at most 1 MiB. The tensors must stay as they are until the stream has ended. */
export function encodeSafetensorsStream(
  tensors: NamedTensors,
  metadata?: Record<string, string>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return toStream(planSafetensors(tensors, metadata));
}

function planSafetensors(tensors: NamedTensors, metadata: Record<string, string> | undefined): Output {
  const ordered = entriesOf(tensors).map(([name, tensor]) => {
    checkName(name);
    const what = `tensor ${JSON.stringify(name)}`;
    const info = checkTensor(tensor, what);
    const dtype = SAFETENSORS_NAMES.get(info.name);
    if (dtype === undefined) throw new TypeError(`${what} is of dtype ${info.name}, which safetensors does not have`);
    return { name, tensor, dtype, bytes: elementCount(tensor.shape) * info.bytes };
  });
  const ranks = [...SAFETENSORS_NAMES.values()];
  ordered.sort((a, b) => ranks.indexOf(b.dtype) - ranks.indexOf(a.dtype) || (a.name < b.name ? -1 : 1));
  // Parts are joined as text: an object would put names that are integers first, and lose "__proto__".
  const parts = metadata === undefined ? [] : [`"__metadata__":${metadataJson(metadata)}`];
  let at = 0;
  for (const { name, tensor, dtype } of ordered) {
    const end = at + tensor.data.byteLength;
    const value = { dtype, shape: tensor.shape, data_offsets: [at, end] };
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
    at = end;
  }
  const json = new TextEncoder().encode(`{${parts.join(",")}}`);
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(json, 8);
  return { size: header.length + at, pieces: () => pieces(header, ordered) };
}

function entriesOf(tensors: NamedTensors): [string, AnyTensorData][] {
  if (isMap(tensors)) return [...tensors] as [string, AnyTensorData][];
  if (typeof tensors === "object" && tensors !== null && isPlainObject(tensors)) return Object.entries(tensors);
  throw new TypeError("tensors must be a plain object or a Map of tensors by name");
}

interface PlannedTensor {
  name: string;
  tensor: AnyTensorData;
  dtype: string;
  /** As planned. */
  bytes: number;
}

function* pieces(header: Uint8Array, ordered: PlannedTensor[]): Generator<Uint8Array> {
  yield header;
  for (const { name, tensor, bytes: planned } of ordered) {
    const bytes = littleEndianBytes(tensor);
    if (bytes.length !== planned) {
      throw new CheckpointError(
        `tensor ${JSON.stringify(name)} had ${planned} bytes and now has ${bytes.length}: ` +
          "its memory must stay as it is until the file is written",
      );
    }
    yield bytes;
  }
}

function checkName(name: unknown): void {
  if (typeof name !== "string") throw new TypeError(`a tensor is named by a ${typeof name}, names are strings`);
  if (name === "__metadata__") throw new TypeError('no tensor can be named "__metadata__": pass metadata as such');
  if (!isWellFormed(name)) throw new TypeError(`the name ${JSON.stringify(name)} has half a surrogate pair in it`);
}

function metadataJson(metadata: Record<string, string>): string {
  const parts = Object.entries(metadata).map(([key, value]) => {
    if (typeof value !== "string") throw new TypeError(`metadata.${key} must be a string, got ${typeof value}`);
    if (!isWellFormed(key + value)) throw new TypeError(`metadata.${key} has half a surrogate pair in it`);
    return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  });
  return `{${parts.join(",")}}`;
}
