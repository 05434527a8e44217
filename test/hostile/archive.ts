// Files made byte by byte, so that tests can make wrong ones.

import { crc32 } from "../../src/checkpoint/zip/crc32.js";

const encoder = new TextEncoder();

export interface Entry {
  name: string;
  content: Uint8Array;
}

/** A stored zip archive without any alignment. */
export function archive(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const locals: number[] = [];
  const directory: number[] = [];
  for (const { name, content } of entries) {
    const nameBytes = encoder.encode(name);
    const sizes = [
      ...le(crc32(content), 4),
      ...le(content.length, 4),
      ...le(content.length, 4),
      ...le(nameBytes.length, 2),
    ];
    directory.push(...le(0x02014b50, 4), ...le(20, 2), ...le(20, 2), ...le(0, 8), ...sizes);
    directory.push(...le(0, 12), ...le(locals.length, 4), ...nameBytes);
    locals.push(...le(0x04034b50, 4), ...le(20, 2), ...le(0, 8), ...sizes, 0, 0, ...nameBytes);
    for (const byte of content) locals.push(byte);
  }
  const count = [...le(entries.length, 2), ...le(entries.length, 2)];
  const end = [...le(0x06054b50, 4), ...le(0, 4), ...count, ...le(directory.length, 4), ...le(locals.length, 4), 0, 0];
  return Uint8Array.from([...locals, ...directory, ...end]);
}

/** A checkpoint with this pickle and these storages. */
export function checkpoint(
  pickle: Uint8Array,
  storages: Uint8Array[] = [],
  byteorder?: string,
): Uint8Array<ArrayBuffer> {
  const entries = [{ name: "archive/data.pkl", content: pickle }];
  if (byteorder !== undefined) entries.push({ name: "archive/byteorder", content: encoder.encode(byteorder) });
  for (const [i, content] of storages.entries()) entries.push({ name: `archive/data/${i}`, content });
  return archive([...entries, { name: "archive/version", content: encoder.encode("3\n") }]);
}

/** A safetensors file with this header. */
export function safetensors(header: string, dataBytes = 0): Uint8Array<ArrayBuffer> {
  const text = encoder.encode(header);
  const file = new Uint8Array(8 + text.length + dataBytes);
  file.set(le(text.length, 8));
  file.set(text, 8);
  return file;
}

/** Opcodes and arguments: every character of a string is a byte. */
export function pickle(...parts: (string | number | readonly number[] | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [0x80, 2];
  for (const part of parts) {
    if (typeof part === "string") for (const character of part) bytes.push(character.charCodeAt(0));
    else if (typeof part === "number") bytes.push(part);
    else for (const byte of part) bytes.push(byte);
  }
  return Uint8Array.from([...bytes, 0x2e]);
}

/** BINUNICODE. */
export function text(value: string): number[] {
  const bytes = encoder.encode(value);
  return [0x58, ...le(bytes.length, 4), ...bytes];
}

/** BININT. */
export function int(value: number): number[] {
  return [0x4a, ...le(value, 4)];
}

/** GLOBAL. */
export function global(module: string, name: string): number[] {
  return [...encoder.encode(`c${module}\n${name}\n`)];
}

/** Values between MARK and TUPLE. */
export function tuple(...items: (string | number[])[]): number[] {
  return [0x28, ...items.flatMap((item) => (typeof item === "string" ? [...encoder.encode(item)] : item)), 0x74];
}

/** What a tensor lies in: the persistent id of storage `key`. */
export function storage(options: { key?: string; type?: string; length: number; rest?: number[] }): number[] {
  const { key = "0", type = "FloatStorage", length, rest = [] } = options;
  return [...tuple(text("storage"), global("torch", type), text(key), text("cpu"), int(length), rest), 0x51];
}

/** A tensor over storage `key`: the pickled call of torch._utils._rebuild_tensor_v2. */
export function tensor(options: {
  key?: string;
  type?: string;
  length: number;
  offset?: number;
  shape: number[];
  strides: number[];
}): number[] {
  const { offset = 0, shape, strides } = options;
  const hooks = [...global("collections", "OrderedDict"), 0x29, 0x52];
  const args = tuple(
    storage(options),
    int(offset),
    tuple(...shape.map(int)),
    tuple(...strides.map(int)),
    [0x89],
    hooks,
  );
  return [...global("torch._utils", "_rebuild_tensor_v2"), ...args, 0x52];
}

export function le(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => (i < 4 ? (value >> (8 * i)) & 255 : value < 0 ? 255 : 0));
}
