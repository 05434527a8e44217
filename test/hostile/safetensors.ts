// Files that the rules of safetensors forbid: those of the published format, of the reference implementation, and ours.

import { safetensors } from "./archive.js";

/** A header with one tensor "a" for every description. */
export const header = (...parts: string[]) => `{${parts.map((part) => `"a":{${part}}`)}}`;
export const F32 = '"dtype":"F32","shape":[1],"data_offsets":[0,4]';
const F32_NEXT = '"dtype":"F32","shape":[1],"data_offsets":[4,8]';

/** What is wrong, the file, and what the error says. */
export const refused: [title: string, file: Uint8Array, message: RegExp][] = [
  ["a file without a header", new Uint8Array(7), /length of the header/],
  ["a header longer than the file", safetensors("{}").slice(0, 9), /the header takes 2 bytes at 8/],
  ["a header over 100 MB", Uint8Array.of(1, 225, 245, 5, 0, 0, 0, 0, 0), /at most 100000000/],
  ["a header length of 2^64 - 1", new Uint8Array(9).fill(255), /at most 100000000/],
  ["a header that begins with a form feed", safetensors("\f{}"), /must begin with "\{"/],
  ["a header that is an array", safetensors("[]"), /must begin with "\{"/],
  ["a header that is not UTF-8", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d), /not UTF-8/],
  ["a header that is not JSON", safetensors("{'a':1}"), /not valid/],
  ["something behind the header's end", safetensors("{}{}"), /not valid/],
  ["a tensor twice, of which the last leaves a hole", safetensors(header(F32, F32_NEXT), 8), /hole/],
  ["metadata that are not text", safetensors('{"__metadata__":{"a":1}}'), /must be a string/],
  ["an unknown dtype", safetensors(header('"dtype":"Q4","shape":[2],"data_offsets":[0,1]'), 1), /"Q4"/],
  ["a hole before the first tensor", safetensors(header('"dtype":"U8","shape":[1],"data_offsets":[1,2]'), 2), /hole/],
  ["bytes behind the last tensor", safetensors(header(F32), 5), /the file has 5/],
  ["fewer bytes than tensors", safetensors(header(F32), 3), /the file has 3/],
  [
    "a shape that does not fit the offsets",
    safetensors(header('"dtype":"F32","shape":[2],"data_offsets":[0,4]'), 4),
    /cannot lie/,
  ],
  [
    "a shape that overflows",
    safetensors(header('"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]'), 4),
    /cannot lie/,
  ],
  ["a negative size", safetensors(header('"dtype":"F32","shape":[-1],"data_offsets":[0,4]'), 4), /array of sizes/],
  [
    "a size that is no integer",
    safetensors(header('"dtype":"F32","shape":[1.5],"data_offsets":[0,6]'), 6),
    /array of sizes/,
  ],
  ["offsets in reverse", safetensors(header('"dtype":"F32","shape":[1],"data_offsets":[4,0]'), 4), /cannot lie/],
  ["overlapping tensors", safetensors(`{"a":{${F32}},"b":{${F32}}}`, 4), /overlaps/],
  ["nesting without end", safetensors(`{"a":${"[".repeat(10_000)}`), /not valid/],
];
