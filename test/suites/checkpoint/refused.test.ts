import { decodeTorch, encodeTorch } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { archive, checkpoint, int, pickle, tensor, text } from "../../hostile/archive.js";

const test = suite("checkpoint: torch, refused");

test("a global that no checkpoint needs is refused by name and place", () => {
  const file = checkpoint(pickle("cos\nsystem\n", "(", text("echo"), "tR"));
  assert.throws(() => decodeTorch(file), /the global "os\.system".* refused \(at byte \d+\)/);
  const stacked = checkpoint(pickle(text("builtins"), text("eval"), "\x93"));
  assert.throws(() => decodeTorch(stacked), /"builtins\.eval"/);
});

test("cycles, deep nesting and tensors beyond their storage are refused", () => {
  assert.throws(() => decodeTorch(checkpoint(pickle("]q\0h\0a"))), /contains itself/);
  assert.throws(() => decodeTorch(checkpoint(pickle("]".repeat(501), "a".repeat(500)))), /maxDepth = 500/);
  assert.is(decodeTorch(checkpoint(pickle("]".repeat(500), "a".repeat(499)))).length, 1);
  const beyond = pickle(tensor({ length: 4, shape: [3], strides: [2] }));
  assert.throws(() => decodeTorch(checkpoint(beyond, [new Uint8Array(16)])), /ends at element 5, its storage has 4/);
});

test("limits bound what a small file can become", () => {
  const expanded = checkpoint(pickle(tensor({ length: 1, shape: [2 ** 30], strides: [0] })), [new Uint8Array(4)]);
  assert.throws(() => decodeTorch(expanded), /a tensor takes 4294967296 bytes/);
  const small = checkpoint(pickle(tensor({ length: 1, shape: [1000], strides: [0] })), [new Uint8Array(4)]);
  assert.is(decodeTorch(small).data.length, 1000);
  assert.throws(() => decodeTorch(small, { limits: { maxBytes: 2000 } }), /raise limits/);
  assert.throws(
    () => decodeTorch(small, { limits: { maxWidth: 1 } as object }),
    /limits has no option 'maxWidth': it knows maxDepth, maxExpansion/,
  );
  assert.throws(() => decodeTorch(checkpoint(pickle("(".repeat(100_000)))), /what the pickle builds/);
});

test("entries that overlap, share a name or lie about their place are refused", () => {
  const entries = ["archive/data.pkl", "archive/data/0"].map((name) => ({ name, content: pickle("N") }));
  assert.is(decodeTorch(archive(entries)), null);
  const twice = archive([entries[0], entries[0]]);
  assert.throws(() => decodeTorch(twice), /two entries are named "archive\/data\.pkl"/);
  const directory = latin1(archive(entries)).indexOf("PK\x01\x02");
  const second = latin1(archive(entries)).indexOf("PK\x01\x02", directory + 1);
  for (const [field, value] of [
    [42, 0],
    [42, 10],
    [20, 255],
    [24, 255],
  ] as const) {
    const file = archive(entries);
    file[second + field] = value;
    assert.throws(() => decodeTorch(file), /overlaps|is stored, yet has/, `field ${field}`);
  }
  // An entry that nothing asks for, with both sizes reaching into the directory.
  const unasked = archive(entries);
  unasked[second + 20] = unasked[second + 24] = 100;
  assert.throws(() => decodeTorch(unasked), /"archive\/data\/0" overlaps/);
  const longer = archive(entries);
  longer[28] = 200;
  assert.throws(() => decodeTorch(longer), /"archive\/data\.pkl" overlaps/);
});

test("names are never paths: only <folder>/data.pkl and what belongs to it are looked up", () => {
  const content = pickle("N");
  for (const name of ["data.pkl", "/data.pkl", "a/b/data.pkl", "a\\data.pkl", "a/data.pkl\0", "a/../data.pkl"]) {
    assert.throws(() => decodeTorch(archive([{ name, content }])), /0 entries named <folder>\/data\.pkl/, name);
  }
  const outside = pickle(tensor({ key: "../../x", length: 1, shape: [1], strides: [1] }));
  const file = archive([
    { name: "archive/data.pkl", content: outside },
    { name: "x", content: new Uint8Array(4) },
  ]);
  assert.throws(() => decodeTorch(file), /has no entry "archive\/data\/\.\.\/\.\.\/x"/);
});

test("a damaged storage is noticed, unless its checksum is not to be compared", () => {
  const file = encodeTorch({ dtype: "float32", shape: [1], data: Float32Array.of(1.5) });
  const at = latin1(file).indexOf("\0\0\xc0\x3f");
  file[at] ^= 1;
  assert.throws(() => decodeTorch(file), /"archive\/data\/0" is damaged/);
  assert.is(decodeTorch(file, { checkCrc: false }).data.length, 1);
});

test("what is not a file of torch.save is refused with what it is", () => {
  assert.throws(() => decodeTorch(new Uint8Array(3)), /it has 3 bytes/);
  assert.throws(() => decodeTorch(new Uint8Array(30)), /it begins with 0x00000000/);
  assert.throws(() => decodeTorch("x" as unknown as Uint8Array), TypeError);
  assert.throws(() => decodeTorch(checkpoint(pickle(int(1))).slice(0, -30)), /cut off or damaged/);
});

test("what Python has no counterpart for is refused, with its place in the value", () => {
  const cycle: unknown[] = [];
  cycle.push({ inner: cycle });
  assert.throws(() => encodeTorch({ a: [undefined] }), /value\.a\[0\] is undefined/);
  assert.throws(() => encodeTorch({ "a b": () => 1 }), /value\["a b"\] is a function/);
  assert.throws(() => encodeTorch({ s: Symbol("x") }), /value\.s is a symbol/);
  assert.throws(() => encodeTorch(cycle), /value\[0\]\.inner is a cycle/);
  assert.throws(() => encodeTorch({ date: new Date() }), /value\.date is an instance of Date/);
  assert.throws(() => encodeTorch({ x: new Float32Array(2) }), /write it as \{ dtype, shape, data \}/);
  assert.throws(
    () => encodeTorch({ x: { dtype: "float32", shape: [3], data: new Float32Array(2) } }),
    /value\.x has shape/,
  );
  assert.throws(
    () => encodeTorch({ x: { dtype: "float32", shape: [2], data: new Float64Array(2) } }),
    /must hold a Float32Array/,
  );
});

test.run();

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
