// What Python writes beside tensors: old protocols, numpy, collections, objects of any class.

import { decodeTorch } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkpoint, global, int, le, pickle, text, tuple } from "../../hostile/archive.js";

const test = suite("checkpoint: Python's values");

type Options = Parameters<typeof decodeTorch>[1];
const KEEP: Options = { unknown: "keep" };
const read = (parts: string | number[], options?: Options) => decodeTorch(checkpoint(pickle(parts)), options);
const call = (name: number[], ...args: (string | number[])[]) => [...name, ...tuple(...args), 0x52];
const bytes = (...values: number[]) => [0x43, values.length, ...values];
const NONE = [0x4e];

const protocol0: [string, unknown][] = [
  ["I7\n", 7],
  ["I-3735928559\n", -3735928559],
  ["I01\n", true],
  ["I00\n", false],
  ["I9007199254740993\n", 9007199254740993n],
  ["L5L\n", 5],
  ["L-1180591620717411303424L\n", -(2n ** 70n)],
  ["F1.5\n", 1.5],
  ["F-0\n", -0],
  ["F1e-05\n", 1e-5],
  ["Finf\n", Infinity],
  ["F-inf\n", -Infinity],
  ["Fnan\n", Number.NaN],
  ["S'abc'\n", "abc"],
  ['S"it\'s"\n', "it's"],
  ["S'\\xc3\\xa9\\n\\t\\\\\\'\\101\\0'\n", "é\n\t\\'A\0"],
  ["Va\\u00e9\\U0001f389\xe9\n", "aé🎉é"],
  ["(lp0\nI1\naI2\na", [1, 2]],
  ["(I1\nI2\nl", [1, 2]],
  ["(I1\nI2\nt", [1, 2]],
  ["(lp0\n(lp1\nag1\na", [[], []]],
  ["(lp7\n0g7\n", []],
];

for (const [parts, expected] of protocol0) {
  test(`protocol 0: ${JSON.stringify(parts)}`, () => assert.ok(equal(read(parts), expected), String(read(parts))));
}

test("protocol 0: dicts, and objects of old classes", () => {
  assert.equal([...read("(I1\nI2\nd")], [[1, 2]]);
  assert.equal({ ...read("(S'a'\nI2\nd") }, { a: 2 });
  assert.equal({ ...read("(icollections\nOrderedDict\n") }, {});
  assert.equal({ ...read([...Array.from("(", code), ...global("collections", "OrderedDict"), 0x6f]) }, {});
  const object = { unknown: "__main__.A", args: [], state: null };
  assert.equal(read("(i__main__\nA\n", KEEP), object);
});

for (const [parts, message] of [
  ["I1.5\n", /no integer/],
  ["I\n", /no integer/],
  [`I${"9".repeat(1000)}\n`, /limits\.maxIntegerBytes/],
  ["F1,5\n", /no number/],
  ["S'a\n", /without its quotes/],
  ["S'\\xff'\n", /encoding: "latin1"/],
  ["gx\n", /no number of the memo/],
  ["g3\n", /nothing was memorised as 3/],
] as const) {
  test(`protocol 0: ${JSON.stringify(parts.slice(0, 20))} is refused`, () => assert.throws(() => read(parts), message));
}

/** A dtype of numpy. */
function dtype(kind: string, order = "<") {
  const made = call(global("numpy", "dtype"), text(kind), [0x89], [0x88]);
  return [...made, ...tuple(int(3), text(order), NONE, NONE, NONE, int(-1), int(-1), int(0)), 0x62];
}
const scalar = (kind: string, content: number[], order?: string, core = "core") =>
  call(global(`numpy.${core}.multiarray`, "scalar"), dtype(kind, order), bytes(...content));

const scalars: [string, number[], unknown][] = [
  ["f8", [0, 0, 0, 0, 0, 0, 0xe8, 0x3f], 0.75],
  ["f4", [0, 0, 0xc0, 0x3f], 1.5],
  ["f2", [0, 0x38], 0.5],
  ["i8", [255, 255, 255, 255, 255, 255, 255, 255], -1],
  ["i8", [1, 0, 0, 0, 0, 0, 32, 0], 9007199254740993n],
  ["u1", [200], 200],
  ["b1", [1], true],
  ["b1", [0], false],
  ["c8", [0, 0, 128, 63, 0, 0, 0, 192], { re: 1, im: -2 }],
];

test("numpy's scalars are numbers, booleans and complex numbers, of numpy 1 and 2", () => {
  for (const [kind, content, expected] of scalars) {
    for (const core of ["core", "_core"]) assert.equal(read(scalar(kind, content, "<", core)), expected, kind);
  }
  assert.is(read(scalar("i4", [0, 0, 1, 2], ">")), 258);
  assert.equal([...read([0x7d, ...scalar("i8", [7, 0, 0, 0, 0, 0, 0, 0]), ...int(1), 0x73])], [[7, 1]]);
  assert.is(read(dtype("f4")), "float32");
});

/** An array of numpy, by its state. */
function array(kind: string, shape: number[], isFortran: boolean, content: number[], order?: string) {
  const made = call(
    global("numpy.core.multiarray", "_reconstruct"),
    global("numpy", "ndarray"),
    tuple(int(0)),
    bytes(98),
  );
  const state = tuple(
    int(1),
    tuple(...shape.map(int)),
    dtype(kind, order),
    [isFortran ? 0x88 : 0x89],
    bytes(...content),
  );
  return [...made, ...state, 0x62];
}

test("numpy's arrays are tensors, in row-major order", () => {
  const content = [1, 2, 3, 4, 5, 6];
  const expected = (data: number[]) => ({ dtype: "int8", shape: [2, 3], data: Int8Array.from(data) });
  assert.equal(read(array("i1", [2, 3], false, content)), expected(content));
  assert.equal(read(array("i1", [2, 3], true, content)), expected([1, 3, 5, 2, 4, 6]));
  const big = read(array("i2", [2], false, [0, 1, 1, 0], ">"));
  assert.equal(big, { dtype: "int16", shape: [2], data: Int16Array.of(1, 256) });
  const buffer = (order: string) =>
    call(
      global("numpy._core.numeric", "_frombuffer"),
      bytes(...content),
      dtype("i1"),
      tuple(int(2), int(3)),
      text(order),
    );
  assert.equal(read(buffer("C")), expected(content));
  assert.equal(read(buffer("F")), expected([1, 3, 5, 2, 4, 6]));
});

for (const [title, parts] of Object.entries({
  "an array of objects": array("O8", [0], false, []),
  "an array of dates": array("M8", [1], false, [0, 0, 0, 0, 0, 0, 0, 0]),
  "an array of another size": array("i1", [3], false, [1, 2]),
  "a scalar of another size": scalar("f8", [0, 0]),
  "a long double": scalar("f16", Array(16).fill(0)),
  "an array without its state": call(global("numpy.core.multiarray", "_reconstruct"), global("numpy", "ndarray")),
})) {
  test(`numpy: ${title} is refused by name, or kept`, () => {
    assert.throws(() => read(parts), /"numpy\.core\.multiarray\.\w+".*refused/);
    assert.match(read(parts, KEEP).unknown, /^numpy\.core\.multiarray\./);
  });
}

test("collections are dicts and sets", () => {
  const list = [0x5d, ...int(1), 0x61];
  assert.equal({ ...read(call(global("collections", "defaultdict"), global("builtins", "list"))) }, {});
  assert.equal(read(call(global("builtins", "frozenset"), list)), new Set([1]));
  assert.equal(read(call(global("builtins", "set"))), new Set());
  const factory = call(global("collections", "defaultdict"), global("builtins", "list"));
  assert.equal({ ...read([...factory, ...text("a"), ...int(1), 0x73]) }, { a: 1 });
  assert.throws(() => read(global("builtins", "list")), /"builtins\.list".*refused/);
});

test("bytes, devices and complex numbers are what Python gives, or refused", () => {
  const [a, encode, device] = [text("a\u00ff"), global("_codecs", "encode"), global("torch", "device")];
  assert.equal(read(call(encode, a, text("latin1"))), Uint8Array.of(97, 255));
  assert.equal(read(call(global("__builtin__", "bytearray"), a, text("latin-1"))), Uint8Array.of(97, 255));
  assert.equal(read(call(global("__builtin__", "bytes"))), new Uint8Array());
  assert.is(read(call(device, text("cpu"))), "cpu");
  assert.is(read(call(device, text("mps"), NONE)), "mps");
  assert.equal(read(call(global("builtins", "complex"), [0x47, ...Array(8).fill(0)], int(2))), { re: 0, im: 2 });
  assert.throws(() => read(call(encode, a, text("utf-8"))), /latin1 only/);
  assert.throws(() => read(call(encode, text("\u0100"), text("latin1"))), /latin1 only/);
  assert.throws(() => read(call(device, int(1))), /named by a number/);
  assert.throws(() => read(call(global("builtins", "complex"), text("1"), int(2))), /two floats/);
});

test("unknown objects keep their arguments, keywords, state, items and identity; they may lead back to themselves", () => {
  const object = [...global("a.b", "C"), ...tuple(int(1)), 0x81];
  assert.equal(read(object, KEEP), { unknown: "a.b.C", args: [1], state: null });
  assert.equal(read([...object, ...text("s"), 0x62], KEEP), { unknown: "a.b.C", args: [1], state: "s" });
  const named = [...global("a.b", "C"), 0x29, 0x7d, ...text("x"), ...int(2), 0x73, 0x92];
  const { keywords, ...rest } = read(named, KEEP);
  assert.equal([{ ...keywords }, rest], [{ x: 2 }, { unknown: "a.b.C", args: [], state: null }]);
  assert.equal(read([...object, ...int(5), 0x61], KEEP).list, [5]);
  assert.equal([...read([...object, ...int(5), ...int(6), 0x73], KEEP).dict], [[5, 6]]);
  const cycle = read([...object, 0x71, 0, 0x7d, ...text("self"), 0x68, 0, 0x73, 0x62], KEEP);
  assert.is(cycle.state.self, cycle);
  const [first, second] = read([...object, 0x71, 0, 0x30, 0x5d, 0x28, 0x68, 0, 0x68, 0, 0x65], KEEP);
  assert.is(first, second);
  const called = [...call(global("os", "system"), text("echo"))];
  assert.equal(read(called, KEEP), { unknown: "os.system", args: ["echo"], state: null });
  assert.equal(read([...object, 0x71, 0, 0x7d, 0x68, 0, ...int(1), 0x73], KEEP).size, 1);
});

test("a container may not contain itself, also with objects kept", () => {
  assert.throws(() => read([0x5d, 0x71, 0, 0x68, 0, 0x61], KEEP), /contains itself/);
  const object = [...global("a", "C"), ...tuple(), 0x81];
  const deep = [...Array(501).fill(object).flat(), ...Array(500).fill(0x62)];
  assert.throws(() => read(deep, KEEP), /maxDepth = 500/);
});

test("methods are names, of classes and of objects", () => {
  const scheduler = global("torch.optim.lr_scheduler", "LambdaLR");
  const expected = "torch.optim.lr_scheduler.LambdaLR.get_lr";
  assert.is(read(call(global("__builtin__", "getattr"), scheduler, text("get_lr"))), expected);
  const made = [...scheduler, 0x29, 0x81];
  assert.is(read(call(global("builtins", "getattr"), made, text("get_lr"))), expected);
  assert.throws(() => read(call(global("builtins", "getattr"), global("os", "path"), text("x"))), /"os\.path"/);
  assert.throws(() => read(call(global("builtins", "getattr"), scheduler, int(1))), /named by a number/);
  assert.throws(() => read(scheduler), /"torch\.optim\.lr_scheduler\.LambdaLR".*refused/);
});

test("an integer of any length is an integer", () => {
  assert.is(read([0x8b, ...le(9, 4), ...Array(8).fill(255), 0x7f]), 2n ** 71n - 1n);
  assert.throws(() => read([0x8b, ...le(257, 4), ...Array(257).fill(1)]), /maxIntegerBytes is 256/);
});

test.run();

function code(character: string): number {
  return character.charCodeAt(0);
}

function equal(a: unknown, b: unknown): boolean {
  return Object.is(a, b) || (typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
}
