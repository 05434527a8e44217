// Files that the rules of safetensors forbid: those of the published format, of the reference implementation, and ours.

import { safetensors } from "./archive.js";

/** A header with one tensor "a" for every description. */
export const header = (...parts: string[]) => `{${parts.map((part) => `"a":{${part}}`)}}`;
export const F32 = '"dtype":"F32","shape":[1],"data_offsets":[0,4]';
const F32_NEXT = '"dtype":"F32","shape":[1],"data_offsets":[4,8]';

/** Files that are read although not every parser does: as the reference implementation takes them. */
export const accepted: [title: string, file: Uint8Array][] = [
  ["a header that begins with white space", safetensors(` \n\t${header(F32)}`, 4)],
  ["a tensor twice, at the same place", safetensors(header(F32, F32), 4)],
  ["a tensor twice, of which the last fits", safetensors(header(F32_NEXT, F32), 4)],
  ["metadata that are null", safetensors(`{"__metadata__":null,"a":{${F32}}}`, 4)],
  ["a name twice in the metadata", safetensors(`{"__metadata__":{"a":"b","a":"c"},"a":{${F32}}}`, 4)],
  ["a key that is not known", safetensors(header(`"x":1,${F32}`), 4)],
  ["eight bits a float", safetensors(header('"dtype":"F8_E4M3","shape":[2,2],"data_offsets":[0,4]'), 4)],
  ["no elements beside some", safetensors(`{"a":{${F32}},"b":{"dtype":"F64","shape":[0],"data_offsets":[4,4]}}`, 4)],
  ["no elements before some", safetensors(`{"a":{${F32}},"b":{"dtype":"F64","shape":[0],"data_offsets":[0,0]}}`, 4)],
];

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
  ["a negative size", safetensors(header('"dtype":"F32","shape":[-1],"data_offsets":[0,4]'), 4), /natural number/],
  [
    "a size written as a float",
    safetensors(header('"dtype":"F32","shape":[1.0],"data_offsets":[0,4]'), 4),
    /natural number/,
  ],
  [
    "an offset with an exponent",
    safetensors(header('"dtype":"F32","shape":[1],"data_offsets":[0,4e0]'), 4),
    /natural number/,
  ],
  ["a name of half a surrogate pair", safetensors(`{"\\ud800":{${F32}}}`, 4), /half a surrogate pair/],
  ["a size that is text", safetensors(header('"dtype":"F32","shape":["1"],"data_offsets":[0,4]'), 4), /array of sizes/],
  ["offsets in reverse", safetensors(header('"dtype":"F32","shape":[1],"data_offsets":[4,0]'), 4), /cannot lie/],
  ["overlapping tensors", safetensors(`{"a":{${F32}},"b":{${F32}}}`, 4), /overlaps/],
  ["nesting without end", safetensors(`{"a":${"[".repeat(10_000)}`), /not valid/],
];
