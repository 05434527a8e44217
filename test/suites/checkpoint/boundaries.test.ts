// Sizes and shapes at the edges of the formats.

import { createEngine } from "sgd-wasm";
import {
  type AnyTensorData,
  decodeSafetensors,
  decodeTorch,
  decodeTorchFrom,
  encodeSafetensors,
  encodeTorch,
  loadParameters,
  saveParameters,
} from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { archive, checkpoint, int, le, pickle, tensor, text } from "../../hostile/archive.js";
import { deflated, zip64 } from "../../hostile/samples.js";
import { rounding } from "../../support/context.js";

const test = suite("checkpoint: boundaries");

const float32 = (...data: number[]) => ({
  dtype: "float32" as const,
  shape: [data.length],
  data: Float32Array.from(data),
});

test("tensors of one storage are copies, also when the file's bytes may be kept", async () => {
  const two = pickle(
    "(",
    tensor({ length: 2, shape: [2], strides: [1] }),
    tensor({ length: 2, shape: [2], strides: [1] }),
    "t",
  );
  const file = checkpoint(two, [new Uint8Array(Float32Array.of(1, 2).buffer)]);
  for (const [a, b] of [decodeTorch(file), await decodeTorchFrom(new Blob([file]))]) {
    assert.is.not(a.data.buffer, b.data.buffer);
    a.data.fill(9);
    assert.equal([...b.data], [1, 2]);
  }
});

test("a stride of 0 repeats elements within maxExpansion, and not beyond", () => {
  const file = (elements: number) =>
    checkpoint(pickle(tensor({ length: 1, shape: [elements], strides: [0] })), [new Uint8Array(4)]);
  // The first MiB is free.
  assert.is(decodeTorch(file(200_000)).data.length, 200_000);
  assert.throws(() => decodeTorch(file(1 << 18)), /a tensor takes 1048576 bytes, \d+ of 1048576 are left/);
  const padded = (elements: number, maxExpansion: number) => {
    const content = [
      { name: "archive/data.pkl", content: pickle(tensor({ length: 1, shape: [elements], strides: [0] })) },
    ];
    const storage = { name: "archive/data/0", content: new Uint8Array(4) };
    const file = archive([...content, storage, { name: "archive/padding", content: new Uint8Array(1 << 20) }]);
    return decodeTorch(file, { limits: { maxExpansion } }).data.length;
  };
  assert.is(padded(1 << 19, 3), 1 << 19);
  assert.throws(() => padded(1 << 19, 1.5), /raise limits\.maxExpansion/);
});

test("zeros may stand behind an archive, as many as there are; nothing else, and no zeros within it", () => {
  const file = encodeTorch([1, float32(1, 2)]);
  const padded = (zeros: number, last = 0) => {
    const bytes = new Uint8Array(file.length + zeros);
    bytes.set(file);
    bytes[bytes.length - 1] = last;
    return bytes;
  };
  for (const zeros of [1, 21, 22, 23, 100, 512, 65_535, 65_536, 65_577, 65_578, 200_000]) {
    assert.is(decodeTorch(padded(zeros))[0], 1, `${zeros} zeros`);
  }
  assert.throws(() => decodeTorch(padded(512, 1)), /no end record/);
  assert.throws(() => decodeTorch(padded(200_000, 1)), /no end record/);
  assert.throws(() => decodeTorch(file.slice(0, -1)), /no end record/);
  assert.throws(
    () => decodeTorch(Uint8Array.from({ length: 200_000 }, (_, i) => (i < 2 ? file[i] : 0))),
    /no end record/,
  );
});

test("an archive may have a comment, of any length", () => {
  const file = encodeTorch(7);
  for (const length of [1, 22, 65_535]) {
    const commented = new Uint8Array(file.length + length).fill(0x2e);
    commented.set(file);
    commented.set(le(length, 2), file.length - 2);
    assert.is(decodeTorch(commented), 7, `a comment of ${length}`);
  }
});

test("a compressed entry is refused, whatever its zip64 fields say", () => {
  assert.throws(() => decodeTorch(deflated), /"momentum_f32\/data\.pkl" is compressed/);
  const wide = zip64.slice();
  let at = -1;
  for (let i = 0; i < wide.length - 4; i++) if (wide[i] === 0x50 && wide[i + 1] === 0x4b && wide[i + 2] === 1) at = i;
  wide[at + 10] = 8;
  assert.throws(() => decodeTorch(wide), /is compressed/);
});

test("a tensor without elements stands anywhere beside others", () => {
  const none = { dtype: "float64" as const, shape: [3, 0], data: new Float64Array() };
  const mixtures: Record<string, AnyTensorData>[] = [
    { a: none, b: float32(1) },
    { a: float32(1), b: none },
    { a: none, b: none },
    { a: none },
  ];
  for (const tensors of mixtures) {
    const { tensors: back } = decodeSafetensors(encodeSafetensors(tensors));
    assert.equal({ ...back }, tensors);
    assert.equal({ ...decodeTorch(encodeTorch(tensors)) }, tensors);
  }
});

test("keys and texts of lone surrogates survive; safetensors refuses them in names", () => {
  for (const key of ["\ud800", "\udfff", "a\ud83cb", "\udf89\ud83c", "\ud83c\udf89\ud800", "é\udc80"]) {
    const value = decodeTorch(encodeTorch({ [key]: key }));
    assert.equal(Object.entries(value), [[key, key]]);
    assert.throws(() => encodeSafetensors({ [key]: float32(1) }), /half a surrogate pair/);
    assert.throws(() => encodeSafetensors({}, { [key]: "" }), /half a surrogate pair/);
  }
  const broken = pickle([0x58, ...le(3, 4), 0xed, 0xa0, 0x28]);
  assert.throws(() => decodeTorch(checkpoint(broken)), /a string is not UTF-8/);
});

test("text that is bytes longer than a call takes arguments", () => {
  const content = Uint8Array.from({ length: 300_000 }, (_, i) => i);
  assert.equal(decodeTorch(encodeTorch(content)), content);
});

test("parameters are made of views of the engine's own memory, although making them lets it grow", () => {
  const engine = createEngine({ rounding });
  const data = Float32Array.from({ length: 12_000 }, (_, i) => i);
  const live = saveParameters(
    { a: engine.parameter(12_000, { data }), b: engine.parameter(12_000, { data }) },
    { live: true },
  );
  const copies = loadParameters(engine, live);
  assert.equal(copies.a.data, data);
  assert.equal(copies.b.data, data);
});

const foreign: [string, Uint8Array | string, RegExp][] = [
  [
    "a Git LFS pointer",
    "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    /Git LFS pointer: `git lfs pull`/,
  ],
  ["an HTML page", "\n <!DOCTYPE html><html></html>", /an HTML page/],
  ["an HTML page without a doctype", "<html lang=en>", /an HTML page/],
  ["a tar archive", `${"x".repeat(257)}ustar\0`, /a tar archive/],
];

for (const [title, content, message] of foreign) {
  test(`${title} is told as such`, () => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    assert.throws(() => decodeTorch(bytes), message);
    assert.throws(() => decodeSafetensors(bytes), message);
  });
}

test("a file may be of a subclass of Uint8Array, as Node's Buffers are, and a part of a larger buffer", () => {
  class Bytes extends Uint8Array {}
  const file = encodeTorch({ epoch: 3 });
  const bytes = new Bytes(file.length + 16).subarray(7, 7 + file.length);
  bytes.set(file);
  assert.instance(bytes, Bytes);
  assert.is(decodeTorch(bytes).epoch, 3);
});

test("a file of the other format is told as such", () => {
  assert.throws(
    () => decodeTorch(encodeSafetensors({ a: float32(1) })),
    /a safetensors file: decodeSafetensors reads it/,
  );
  assert.throws(() => decodeSafetensors(encodeTorch(1)), /a zip archive.*decodeTorch reads it/);
});

test("a name that is a number of many digits keeps its place", () => {
  const map = new Map([
    [text("x"), int(1)],
    [text("18446744073709551616"), int(2)],
    [text("1"), int(3)],
  ]);
  const file = checkpoint(pickle("}(", ...[...map].flat(), "u"));
  assert.equal([...decodeTorch(file).keys()], ["x", "18446744073709551616", "1"]);
});

test.run();
