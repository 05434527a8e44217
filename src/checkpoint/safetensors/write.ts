import { type AnyTensorData, checkTensor, DTYPES, type DTypeInfo, elementCount, littleEndianBytes } from "../dtype.js";
import { CheckpointError } from "../error.js";
import { type Output, toArray, toStream } from "../io/output.js";
import { isPlainObject } from "../io/plain.js";
import { isWellFormed } from "../io/text.js";

/**
 * A safetensors file (https://huggingface.co/docs/safetensors), byte for byte what the reference implementation writes:
 * tensors in order of their dtype, widest first, and then by name; the header padded so that every one is aligned.
 * `metadata` is free text by free text. Throws a `TypeError` that names the tensor where dtype, shape and elements do
 * not agree.
 */
export function encodeSafetensors(
  tensors: Record<string, AnyTensorData>,
  metadata?: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  return toArray(planSafetensors(tensors, metadata));
}

/** As `encodeSafetensors`, in chunks of at most 1 MiB. The tensors must stay as they are until the stream has ended. */
export function encodeSafetensorsStream(
  tensors: Record<string, AnyTensorData>,
  metadata?: Record<string, string>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return toStream(planSafetensors(tensors, metadata));
}

function planSafetensors(tensors: Record<string, AnyTensorData>, metadata: Record<string, string> | undefined): Output {
  if (typeof tensors !== "object" || tensors === null || !isPlainObject(tensors)) {
    throw new TypeError("tensors must be a plain object of tensors by name; of a Map, take Object.fromEntries");
  }
  const ordered = Object.entries(tensors).map(([name, tensor]) => {
    checkName(name);
    return { name, tensor, info: checkTensor(tensor, `tensor ${JSON.stringify(name)}`) };
  });
  ordered.sort((a, b) => DTYPES.indexOf(b.info) - DTYPES.indexOf(a.info) || (a.name < b.name ? -1 : 1));
  // Parts are joined as text: an object would put names that are integers first, and lose "__proto__".
  const parts = metadata === undefined ? [] : [`"__metadata__":${metadataJson(metadata)}`];
  let at = 0;
  for (const { name, tensor, info } of ordered) {
    const end = at + tensor.data.byteLength;
    const value = { dtype: info.safetensors, shape: tensor.shape, data_offsets: [at, end] };
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
    at = end;
  }
  const json = new TextEncoder().encode(`{${parts.join(",")}}`);
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(json, 8);
  return { size: header.length + at, pieces: () => pieces(header, ordered) };
}

interface PlannedTensor {
  name: string;
  tensor: AnyTensorData;
  info: DTypeInfo;
}

function* pieces(header: Uint8Array, ordered: PlannedTensor[]): Generator<Uint8Array> {
  yield header;
  for (const { name, tensor, info } of ordered) {
    const bytes = littleEndianBytes(tensor);
    const planned = elementCount(tensor.shape) * info.bytes;
    if (bytes.length !== planned) {
      throw new CheckpointError(
        `tensor ${JSON.stringify(name)} had ${planned} bytes and now has ${bytes.length}: ` +
          "its memory must stay as it is until the file is written",
      );
    }
    yield bytes;
  }
}

function checkName(name: string): void {
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
