import {
  decodeSafetensors,
  decodeSafetensorsFrom,
  encodeSafetensors,
  encodeSafetensorsStream,
} from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { safetensors } from "../hostile/archive.js";
import { tensors } from "../hostile/encoded.js";
import { toHex } from "../support/bits.js";

const test = suite("checkpoint: safetensors");
const unsigned = {
  u16: { dtype: "uint16", shape: [1], data: Uint16Array.of(65535) },
  u32: { dtype: "uint32", shape: [1], data: Uint32Array.of(2 ** 32 - 1) },
  u64: { dtype: "uint64", shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
} as const;

/** A header with one tensor "a" for every description. */
const header = (...parts: string[]) => `{${parts.map((part) => `"a":{${part}}`)}}`;
const F32 = '"dtype":"F32","shape":[1],"data_offsets":[0,4]';

test("every dtype keeps its bits, in memory, as a stream and by random access", async () => {
  const all = {
    ...tensors,
    u16: { ...unsigned.u16, shape: [1] },
    u32: { ...unsigned.u32, shape: [1] },
    u64: { ...unsigned.u64, shape: [1] },
  };
  const file = encodeSafetensors(all, { format: "pt", "": "é" });
  const streamed = await new Response(encodeSafetensorsStream(all, { format: "pt", "": "é" })).arrayBuffer();
  assert.is(toHex(new Uint8Array(streamed)), toHex(file));
  for (const back of [decodeSafetensors(file), await decodeSafetensorsFrom(new Blob([file]))]) {
    assert.equal({ ...back.metadata }, { format: "pt", "": "é" });
    assert.equal(Object.keys(back.tensors).sort(), Object.keys(all).sort());
    for (const [name, { dtype, shape, data }] of Object.entries(all)) {
      const { [name]: tensor } = back.tensors;
      assert.equal([tensor.dtype, tensor.shape, toHex(tensor.data)], [dtype, shape, toHex(data)]);
      assert.is(tensor.data.constructor, data.constructor);
    }
  }
});

test("a file is laid out as the reference implementation does: widest dtype first, then by name, aligned to 8", () => {
  const file = encodeSafetensors({ z: tensors.bias, a: tensors.byte, c: tensors.weight, b: tensors.weight });
  const length = file[0] + 256 * file[1];
  assert.is((8 + length) % 8, 0);
  const text = new TextDecoder().decode(file.subarray(8, 8 + length));
  assert.is(
    text.trimEnd(),
    '{"z":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[16,40]},' +
      '"c":{"dtype":"F32","shape":[2,3],"data_offsets":[40,64]},"a":{"dtype":"U8","shape":[3],"data_offsets":[64,67]}}',
  );
});

test("data that are not aligned are read, in an array of their own", () => {
  const file = safetensors(`${header(F32)}  `, 4);
  file.set([0, 0, 192, 63], file.length - 4);
  const padded = new Uint8Array(file.length + 3);
  padded.set(file, 3);
  const { a } = decodeSafetensors(padded.subarray(3)).tensors;
  assert.equal([...a.data], [1.5]);
  assert.is(a.data.byteOffset, 0);
  assert.is(a.data.buffer.byteLength, 4);
});

const refused: [title: string, file: Uint8Array, message: RegExp][] = [
  ["a file without a header", new Uint8Array(7), /length of the header/],
  ["a header longer than the file", safetensors("{}").slice(0, 9), /the header takes 2 bytes at 8/],
  ["a header over 100 MB", Uint8Array.of(1, 225, 245, 5, 0, 0, 0, 0, 0), /at most 100000000/],
  ["a header length of 2^64 - 1", new Uint8Array(9).fill(255), /at most 100000000/],
  ["a header that begins with a space", safetensors(" {}"), /must begin with "\{"/],
  ["a header that is an array", safetensors("[]"), /must begin with "\{"/],
  ["a header that is not UTF-8", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d), /not UTF-8/],
  ["a header that is not JSON", safetensors("{'a':1}"), /not valid/],
  ["something behind the header's end", safetensors("{}{}"), /something follows/],
  ["a tensor twice", safetensors(header(F32, F32), 4), /"a" occurs twice/],
  ["a key of a tensor twice", safetensors(header(`${F32},"dtype":"F32"`), 4), /"dtype" occurs twice/],
  ["metadata that are not text", safetensors('{"__metadata__":{"a":1}}'), /must be a string/],
  ["an unknown dtype", safetensors(header('"dtype":"F4","shape":[2],"data_offsets":[0,1]'), 1), /"F4"/],
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
    "a size written as a float",
    safetensors(header('"dtype":"F32","shape":[1.0],"data_offsets":[0,4]'), 4),
    /array of sizes/,
  ],
  ["offsets in reverse", safetensors(header('"dtype":"F32","shape":[1],"data_offsets":[4,0]'), 4), /cannot lie/],
  ["overlapping tensors", safetensors(`{"a":{${F32}},"b":{${F32}}}`, 4), /overlaps/],
  ["nesting without end", safetensors(`{"a":${"[".repeat(10_000)}`), /nested more than/],
];

for (const [title, file, message] of refused) {
  test(`${title} is refused`, () => {
    assert.throws(() => decodeSafetensors(file), message);
  });
}

test("names and metadata that the format cannot hold are refused when written", () => {
  assert.throws(() => encodeSafetensors({ __metadata__: tensors.byte }), /pass metadata as such/);
  assert.throws(() => encodeSafetensors({ "\ud800": tensors.byte }), /surrogate/);
  assert.throws(() => encodeSafetensors({}, { a: 1 } as never), /metadata\.a must be a string/);
  assert.throws(() => encodeSafetensors({ a: { ...tensors.byte, shape: [2] } }), /tensor "a" has shape \[2\] and 3/);
});

test.run();
