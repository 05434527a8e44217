import {
  decodeSafetensors,
  decodeSafetensorsFrom,
  encodeSafetensors,
  encodeSafetensorsStream,
} from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import reference from "../../fixtures/data/safetensors/every-dtype.safetensors";
import { safetensors } from "../../hostile/archive.js";
import { comparable } from "../../hostile/comparable.js";
import { tensors } from "../../hostile/encoded.js";
import { accepted, F32, header, refused } from "../../hostile/safetensors.js";
import { samples } from "../../interop/readers/samples.js";
import { toHex } from "../../support/bits.js";

const test = suite("checkpoint: safetensors");
test("every dtype keeps its bits, in memory, as a stream and by random access", async () => {
  const { tensors: all } = samples["every dtype"];
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

test("a file of the reference implementation is read, and written again byte for byte", () => {
  const { tensors: written, metadata } = samples["every dtype"];
  const back = decodeSafetensors(reference);
  assert.equal(comparable(sorted(back.tensors)), comparable(sorted(written)));
  assert.equal({ ...back.metadata }, metadata);
  assert.is(toHex(encodeSafetensors(back.tensors, back.metadata)), toHex(reference));
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

for (const [title, file] of accepted) {
  test(`${title}: read`, () => {
    const { a } = decodeSafetensors(file).tensors;
    assert.equal([a.shape, a.data.byteLength], [a.dtype === "float32" ? [1] : [2, 2], 4]);
  });
}

test("of names that occur twice the last counts; metadata may be null", () => {
  const metadata = (json: string) => ({ ...decodeSafetensors(safetensors(`{"__metadata__":${json}}`)).metadata });
  assert.equal(metadata('{"a":"b","a":"c"}'), { a: "c" });
  assert.equal(metadata("null"), {});
});

test("tensors of 8-bit floats and complex numbers are raw bytes with their name, both ways", () => {
  for (const [dtype, name, bytes] of [
    ["float8_e4m3fn", "F8_E4M3", 1],
    ["float8_e5m2", "F8_E5M2", 1],
    ["float8_e8m0fnu", "F8_E8M0", 1],
    ["complex64", "C64", 8],
  ] as const) {
    const raw = { dtype, shape: [2], data: Uint8Array.from({ length: 2 * bytes }, (_, i) => 255 - i) };
    const file = encodeSafetensors({ a: raw });
    assert.ok(new TextDecoder().decode(file).includes(`"dtype":"${name}","shape":[2],"data_offsets":[0,${2 * bytes}]`));
    assert.equal(decodeSafetensors(file).tensors.a, raw);
    assert.throws(() => encodeSafetensors({ a: { ...raw, shape: [3] } }), /has shape \[3\] and 2 elements/);
  }
  const complex128 = { dtype: "complex128" as const, shape: [1], data: new Uint8Array(16) };
  assert.throws(() => encodeSafetensors({ a: complex128 }), /complex128, which safetensors does not have/);
});

for (const [title, file, message] of refused) {
  test(`${title} is refused`, () => {
    assert.throws(() => decodeSafetensors(file), message);
  });
}

test("names and metadata that the format cannot hold are refused when written", () => {
  for (const [value, got] of [
    [null, "null"],
    [3, "number"],
    [[1], "Array"],
  ]) {
    assert.throws(
      () => encodeSafetensors({ a: value } as never),
      (error: Error) => error.message === `tensor "a" must be { dtype, shape, data }, got ${got}`,
    );
  }
  assert.throws(() => encodeSafetensors({ __metadata__: tensors.byte }), /pass metadata as such/);
  assert.throws(() => encodeSafetensors({ "\ud800": tensors.byte }), /surrogate/);
  assert.throws(() => encodeSafetensors({}, { a: 1 } as never), /metadata\.a must be a string/);
  assert.throws(() => encodeSafetensors({ a: { ...tensors.byte, shape: [2] } }), /tensor "a" has shape \[2\] and 3/);
});

test.run();

function sorted<T>(tensors: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1)));
}
