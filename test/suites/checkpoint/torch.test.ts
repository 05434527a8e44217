import { decodeTorch, decodeTorchFrom, encodeTorch, encodeTorchStream } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import beforeFirstStep from "../../fixtures/data/checkpoints/before_first_step.pt";
import bfloat16 from "../../fixtures/data/checkpoints/bfloat16.pt";
import float16 from "../../fixtures/data/checkpoints/float16.pt";
import float64 from "../../fixtures/data/checkpoints/float64.pt";
import index from "../../fixtures/data/checkpoints/index.json";
import modelAndOptimizer from "../../fixtures/data/checkpoints/model_and_optimizer.pt";
import momentum from "../../fixtures/data/checkpoints/momentum_f32.pt";
import momentumLegacy from "../../fixtures/data/checkpoints/momentum_f32_legacy.pt";
import momentumProtocol4 from "../../fixtures/data/checkpoints/momentum_f32_protocol4.pt";
import noMomentum from "../../fixtures/data/checkpoints/no_momentum.pt";
import noncontiguous from "../../fixtures/data/checkpoints/noncontiguous_buffer.pt";
import partialState from "../../fixtures/data/checkpoints/partial_state.pt";
import severalGroups from "../../fixtures/data/checkpoints/several_groups.pt";
import { checkpoint, pickle, tensor } from "../../hostile/archive.js";
import { comparable } from "../../hostile/comparable.js";
import { optimizer, tensors } from "../../hostile/encoded.js";
import { deflated, zip64 } from "../../hostile/samples.js";
import { toHex } from "../../support/bits.js";

const files: Record<string, Uint8Array> = {
  "before_first_step.pt": beforeFirstStep,
  "bfloat16.pt": bfloat16,
  "float16.pt": float16,
  "float64.pt": float64,
  "model_and_optimizer.pt": modelAndOptimizer,
  "momentum_f32.pt": momentum,
  "momentum_f32_legacy.pt": momentumLegacy,
  "momentum_f32_protocol4.pt": momentumProtocol4,
  "no_momentum.pt": noMomentum,
  "noncontiguous_buffer.pt": noncontiguous,
  "partial_state.pt": partialState,
  "several_groups.pt": severalGroups,
};

const test = suite("checkpoint: torch");

for (const [name, described] of Object.entries(index as Record<string, { content: unknown }>)) {
  test(`${name} decodes to what PyTorch saved, in memory and by random access`, async () => {
    const expected = fromDescription(described.content);
    assert.equal(comparable(decodeTorch(files[name])), expected);
    assert.equal(comparable(await decodeTorchFrom(new Blob([files[name].slice()]))), expected);
  });

  test(`${name} survives being encoded again`, () => {
    const value = decodeTorch(files[name]);
    assert.equal(comparable(decodeTorch(encodeTorch(value))), comparable(value));
  });
}

test("zip64 fields, as Python's zipfile writes them, are read; deflated entries, which PyTorch never writes, are refused", () => {
  assert.equal(comparable(decodeTorch(zip64)), comparable(decodeTorch(momentum)));
  assert.throws(() => decodeTorch(deflated), /"momentum_f32\/data\.pkl" is compressed .* zip it by "zip -0"/);
});

test("every dtype keeps its bits, its shape and its array type", () => {
  const back = decodeTorch(encodeTorch(tensors));
  assert.equal(comparable(back), comparable(tensors));
  for (const [name, { data }] of Object.entries(tensors)) assert.is(back[name].data.constructor, data.constructor);
});

test("plain values keep their kind", () => {
  const value = {
    numbers: [0, -1, 255, 256, 65536, -70000, 2 ** 31, 2 ** 53 - 1, 0.1, 1e300, Number.NaN, -Infinity],
    big: [2n ** 64n, -(2n ** 64n), 2n ** 1000n],
    strings: ["", "é🎉", "\ud800 alone", "\ufeffmark", "x".repeat(300)],
    others: [null, true, false, Uint8Array.of(0, 255)],
  };
  assert.equal(comparable(decodeTorch(encodeTorch(value))), comparable(value));
  assert.ok(Object.is(decodeTorch(encodeTorch([-0]))[0], -0));
  assert.is(decodeTorch(encodeTorch(5n)), 5);
});

test("a Map keeps the types and the order of its keys", () => {
  const map = new Map<unknown, unknown>([
    [7, "a"],
    ["1", "b"],
    [[1, 2], "c"],
    [null, 1],
    [1.5, 2],
    [-1, 3],
    [2n ** 70n, 4],
    [Uint8Array.of(1, 2), 5],
  ]);
  assert.equal([...decodeTorch(encodeTorch(map))], [...map]);
  assert.throws(
    () =>
      encodeTorch(
        new Map<unknown, number>([
          [1, 1],
          [true, 2],
        ]),
      ),
    /value is keyed by 1 twice/,
  );
});

test("a dict becomes an object unless a key looks like a natural number, whose place objects would change", () => {
  const kindOf = (keys: unknown[]) => decodeTorch(encodeTorch(new Map(keys.map((key) => [key, 0]))));
  for (const keys of [[], ["b", "a"], ["01", "-1", "1.5", "1e3", " 1", ""]]) {
    assert.is(Object.getPrototypeOf(kindOf(keys)), null);
    assert.equal(Object.keys(kindOf(keys)), keys);
  }
  for (const keys of [["w", "10", "2"], ["0"], ["4294967295"], ["b", 1], [0], [true], [null], [2, 10, "2", "10"]]) {
    assert.equal([...kindOf(keys).keys()], keys);
  }
});

test("state beside param_groups is an object, whose keys are integers to Python", () => {
  const value = decodeTorch(encodeTorch({ optimizer, state: new Map([[0, 1]]) }));
  assert.equal(Object.keys(value.optimizer.state), ["0", "1"]);
  assert.equal([...value.state], [[0, 1]]);
  const groups = [{ params: [139887847792880] }];
  const python2 = { state: new Map([[139887847792880, null]]), param_groups: groups };
  const back = decodeTorch(encodeTorch(python2));
  assert.equal(Object.entries(back.state), [["139887847792880", null]]);
  assert.is(toHex(encodeTorch(back)), toHex(encodeTorch({ state: { 139887847792880: null }, param_groups: groups })));
  // Parameters that are called by texts: their states are, too.
  const named = { state: new Map([["0", null]]), param_groups: [{ params: ["0"] }] };
  const again = decodeTorch(encodeTorch(named));
  assert.equal(Object.entries(again.state), [["0", null]]);
  assert.is(toHex(encodeTorch(again)), toHex(encodeTorch({ ...named })));
  // Where an object could not tell, it stays a Map.
  const mixed = new Map<unknown, null>([
    [0, null],
    ["0", null],
  ]);
  assert.equal([...decodeTorch(encodeTorch({ state: mixed, param_groups: [] })).state], [...mixed]);
});

test("objects have no prototype, and keys of Object.prototype are keys like others", () => {
  const value = decodeTorch(encodeTorch(JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}')));
  assert.is(Object.getPrototypeOf(value), null);
  assert.equal(Object.keys(value), ["__proto__", "constructor"]);
  assert.is(({} as { polluted?: number }).polluted, undefined);
});

test("in a state dict hyper-parameters are floats, keys of state integers, other numbers what they are", () => {
  const bytes = toHex(encodeTorch(optimizer));
  // The name, BINPUT, then BINFLOAT, BININT1 or the start of a dict.
  assert.match(bytes, RegExp(`${hexOf("lr")}71..473ff0000000000000`));
  assert.match(bytes, RegExp(`${hexOf("weight_decay")}71..470000000000000000`));
  assert.match(bytes, RegExp(`${hexOf("epoch")}71..4b03`));
  assert.match(bytes, RegExp(`${hexOf("state")}71..7d71..284b007d`));
  assert.match(toHex(encodeTorch({ lr: 1 })), RegExp(`${hexOf("lr")}71..4b01`));
});

test("tensors lie at multiples of 64 bytes", () => {
  const data = Float32Array.from({ length: 40 }, (_, i) => i + 0.5);
  const file = encodeTorch([
    { dtype: "float32", shape: [40], data },
    { dtype: "uint8", shape: [1], data: Uint8Array.of(1) },
  ]);
  assert.is(latin1(file).indexOf(latin1(new Uint8Array(data.buffer))) % 64, 0);
});

test("views of the same elements share a storage, and what occurs twice is one object", () => {
  const data = new Float32Array(1000);
  const weight = { dtype: "float32", shape: [1000], data } as const;
  const tied = { dtype: "float32", shape: [10, 100], data: data.subarray(0) } as const;
  const file = encodeTorch({ weight, again: weight, tied });
  assert.ok(file.length < 2 * 4000);
  const back = decodeTorch(file);
  assert.is(back.weight, back.again);
  assert.is.not(back.weight.data.buffer, back.tied.data.buffer);
});

test("offsets, strides, strides of 0 and big-endian storages become row-major elements", () => {
  const little = new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer);
  const big = little.slice();
  for (let i = 0; i < 24; i += 4) big.subarray(i, i + 4).reverse();
  const transposed = pickle(tensor({ length: 6, offset: 1, shape: [2, 2], strides: [1, 2] }));
  const repeated = pickle(tensor({ length: 6, offset: 5, shape: [2, 2], strides: [0, 0] }));
  for (const [order, storage] of [
    [undefined, little],
    ["little", little],
    ["big", big],
  ] as const) {
    assert.equal([...decodeTorch(checkpoint(transposed, [storage], order)).data], [1, 3, 2, 4]);
    assert.equal([...decodeTorch(checkpoint(repeated, [storage], order)).data], [5, 5, 5, 5]);
  }
});

test("a legacy file of the other byte order is recognised by the lengths of its storages", () => {
  const file = momentumLegacy.slice();
  // After the last pickle: a length and 12 elements, a length and 4 elements.
  for (let at = 656; at < file.length; ) {
    const count = file[at];
    file.subarray(at, at + 8).reverse();
    at += 8;
    for (let i = 0; i < count; i++, at += 4) file.subarray(at, at + 4).reverse();
  }
  assert.equal(comparable(decodeTorch(file)), comparable(decodeTorch(momentum)));
});

test("the stream gives the same bytes in chunks of at most 1 MiB", async () => {
  const data = Float32Array.from({ length: 700_000 }, (_, i) => i);
  const value = { model: { weight: { dtype: "float32", shape: [700_000], data } }, optimizer };
  const whole = encodeTorch(value);
  const reader = encodeTorchStream(value).getReader();
  let at = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    assert.ok(part.value.length <= 1 << 20);
    assert.is(toHex(part.value.subarray(0, 64)), toHex(whole.subarray(at, at + 64)));
    at += part.value.length;
  }
  assert.is(at, whole.length);
});

test("by random access a storage is read once, and becomes its tensor without a copy", async () => {
  const file = encodeTorch({ dtype: "float32", shape: [100_000], data: new Float32Array(100_000) });
  const given: Uint8Array[] = [];
  const read = async (offset: number, length: number) => {
    given.push(file.slice(offset, offset + length));
    return given[given.length - 1];
  };
  const back = await decodeTorchFrom({ size: file.length, read });
  assert.ok(given.some((bytes) => bytes.buffer === back.data.buffer));
  assert.ok(given.reduce((sum, bytes) => sum + bytes.length, 0) < file.length + 70_000);
});

test.run();

/** The description in index.json, as `comparable` gives it. */
function fromDescription(node: unknown): unknown {
  const { dict, items, list, tensor: dtype, shape, hex, value } = node as Record<string, never>;
  if (dict !== undefined) {
    const entries = (items as [unknown, unknown][]).map(([key, item]) => [String(key), fromDescription(item)] as const);
    return Object.fromEntries(entries);
  }
  if (list !== undefined) return (list as unknown[]).map(fromDescription);
  return dtype === undefined ? value : { dtype, shape, hex };
}

function hexOf(text: string): string {
  return toHex(new TextEncoder().encode(text));
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
