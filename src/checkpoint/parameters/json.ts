import { tagOf } from "../../common/checks.js";
import type { StateDict } from "../../common/tensor-data.js";
import { CheckpointError } from "../io/error.js";
import { isBytes, isMap, isPlainObject, isSet } from "../io/kind.js";
import {
  type AnyTensorData,
  checkTensor,
  dtypeInfo,
  elementCount,
  littleEndianBytes,
  looksLikeTensor,
  tensorOf,
} from "../io/tensor.js";

/** What `JSON.stringify` keeps as it is. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

const MAX_DEPTH = 500;

/**
 * A state dict, of an optimizer or of anything else, as a value that `JSON.stringify` and `JSON.parse` carry without loss:
 *
 * * a tensor is `{ "dtype": "float32", "shape": [2, 3], "data": "…" }`, with its little-endian bytes in base64;
 * * a number that JSON has no form for is `{ "$number": "NaN" | "Infinity" | "-Infinity" | "-0" }`;
 * * a `BigInt` is `{ "$bigint": "18446744073709551616" }`, a `Uint8Array` `{ "$bytes": "…" }` in base64;
 * * a `Map` is `{ "$map": [[key, value], …] }`, a `Set` `{ "$set": [item, …] }`;
 * * a key that begins with "$" gets another "$" in front, and so does a "dtype" that is not that of a tensor; everything else
 *   is itself.
 *
 * Throws a `TypeError` that names the place in the dict for anything else.
 */
export function stateDictToJSON(dict: StateDict): JsonValue {
  return toJson(dict, "dict", 0, new Map());
}

/** What `stateDictToJSON` wrote, as a value or as text, back again. Throws a `CheckpointError` that names the place. */
export function stateDictFromJSON(json: JsonValue | string): StateDict {
  let value: unknown = json;
  if (typeof json === "string") {
    try {
      value = JSON.parse(json);
    } catch (error) {
      throw new CheckpointError(`not JSON: ${(error as Error).message}`);
    }
  }
  return fromJson(value, "dict", 0) as StateDict;
}

/** @param written what objects have become: one that comes again, as a hostile file has it 2⁶⁰ times, is written once */
function toJson(value: unknown, path: string, depth: number, written: Map<object, JsonValue>): JsonValue {
  if (depth > MAX_DEPTH) throw new TypeError(`${path} is nested more than ${MAX_DEPTH} deep, or in a cycle`);
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "bigint") return { $bigint: String(value) };
  if (typeof value === "number") {
    if (Number.isFinite(value) && !Object.is(value, -0)) return value;
    return { $number: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (typeof value !== "object") throw new TypeError(`${path} has no form in JSON: ${tagOf(value)}`);
  const before = written.get(value);
  if (before !== undefined) return before;
  const json = objectToJson(value, path, (item, name) => toJson(item, `${path}${name}`, depth + 1, written));
  written.set(value, json);
  return json;
}

function objectToJson(value: object, path: string, convert: (item: unknown, name: string) => JsonValue): JsonValue {
  const listToJson = (list: Iterable<unknown>) => Array.from(list, (item, i) => convert(item, `[${i}]`));
  if (Array.isArray(value)) return listToJson(value);
  if (isMap(value)) return { $map: listToJson(value) };
  if (isSet(value)) return { $set: listToJson(value) };
  if (isBytes(value)) return { $bytes: toBase64(value) };
  if (!isPlainObject(value)) throw new TypeError(`${path} has no form in JSON: ${tagOf(value)}`);
  if (looksLikeTensor(value)) {
    checkTensor(value, path);
    return { dtype: value.dtype, shape: [...value.shape], data: toBase64(littleEndianBytes(value)) };
  }
  const entries = Object.entries(value).map(([key, item]) => {
    const escaped = key.startsWith("$") || key === "dtype" ? `$${key}` : key;
    return [escaped, convert(item, `.${key}`)] as const;
  });
  return Object.fromEntries(entries);
}

function fromJson(value: unknown, path: string, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new CheckpointError(`${path.slice(0, 80)}… is nested more than ${MAX_DEPTH} deep`);
  if (typeof value !== "object" || value === null) return value;
  const listFromJson = (list: unknown[]) => list.map((item, i) => fromJson(item, `${path}[${i}]`, depth + 1));
  if (Array.isArray(value)) return listFromJson(value);
  const { $number, $bigint, $bytes, $map, $set, dtype, shape, data } = value as Record<string, unknown>;
  if (typeof $number === "string") return Number($number);
  if (typeof $bigint === "string") {
    if (!/^-?\d{1,1000}$/.test($bigint)) throw new CheckpointError(`${path} is no integer`);
    return BigInt($bigint);
  }
  if (typeof $bytes === "string") return fromBase64($bytes, path);
  if (Array.isArray($set)) return new Set(listFromJson($set));
  if (Array.isArray($map)) {
    if (!$map.every((pair) => Array.isArray(pair) && pair.length === 2)) {
      throw new CheckpointError(`${path} is no list of keys and values`);
    }
    return new Map(listFromJson($map) as [unknown, unknown][]);
  }
  if (typeof dtype === "string" && typeof data === "string") return readTensor(dtype, shape, data, path);
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) {
    object[key.startsWith("$") ? key.slice(1) : key] = fromJson(item, `${path}.${key}`, depth + 1);
  }
  return object;
}

function readTensor(dtype: string, shape: unknown, data: string, path: string): AnyTensorData {
  const info = dtypeInfo(dtype);
  if (info === undefined) throw new CheckpointError(`${path} has the unknown dtype ${JSON.stringify(dtype)}`);
  const bytes = fromBase64(data, path);
  const count = Array.isArray(shape) ? elementCount(shape) : Number.NaN;
  if (count * info.bytes !== bytes.length) {
    throw new CheckpointError(`${path} has ${bytes.length} bytes, which do not fit its shape and ${dtype}`);
  }
  return tensorOf(info, [...(shape as number[])], bytes, true);
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  // A multiple of three: only the last piece may end in padding.
  const step = 3 * 4096;
  for (let i = 0; i < bytes.length; i += step) text += btoa(String.fromCharCode(...bytes.subarray(i, i + step)));
  return text;
}

function fromBase64(text: string, path: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw new CheckpointError(`${path} holds data that are not base64`);
  }
}
