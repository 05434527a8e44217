import fc from "fast-check";
import { createEngine, SGD } from "sgd-wasm";
import { stateDictFromJSON, stateDictToJSON } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { comparable } from "../../hostile/comparable.js";
import { optimizer, tensors } from "../../hostile/encoded.js";
import { assertSameBits, toHex } from "../../support/bits.js";
import { rounding } from "../../support/context.js";

const test = suite("checkpoint: JSON, structuredClone and IndexedDB");

/** Keys that mean something in the JSON form, and others. */
const KEYS = fc.constantFrom(
  "$number",
  "$bigint",
  "$bytes",
  "$map",
  "$set",
  "$",
  "$$x",
  "dtype",
  "shape",
  "data",
  "__proto__",
  "a",
  "1",
);

/** An optimizer whose state has both dtypes, -0, NaN, the smallest number, a group's extra keys and names. */
function trained() {
  const engine = createEngine({ rounding });
  const a = engine.parameter([2, 2], { name: "a", data: [1, 2, 3, 4] });
  const b = engine.parameter([3], { name: "b", dtype: "float64" });
  const sgd = new SGD(
    [
      { params: [a], warmup: [1, 2] },
      { params: [b], lr: 0.3 },
    ],
    { lr: 0.1, momentum: 0.9 },
  );
  a.grad = [-0, Number.NaN, 2 ** -149, Infinity];
  b.grad = [5e-324, -0, 0.1];
  sgd.step();
  return { parameters: [a, b], sgd };
}

const ways: Record<string, (dict: ReturnType<SGD["stateDict"]>) => Promise<unknown>> = {
  structuredClone: async (dict) => structuredClone(dict),
  "the JSON form, as text": async (dict) => stateDictFromJSON(JSON.stringify(stateDictToJSON(dict))),
  "the JSON form, as a value": async (dict) => stateDictFromJSON(stateDictToJSON(dict)),
  "IndexedDB, where there is one, and structuredClone elsewhere": throughIndexedDB,
};

for (const [way, carry] of Object.entries(ways)) {
  test(`a state dict survives ${way}, and training goes on with the same bits`, async () => {
    const { parameters, sgd } = trained();
    const dict = sgd.stateDict();
    const back = (await carry(dict)) as typeof dict;
    assert.equal(comparable(back), comparable(dict));

    const engine = createEngine({ rounding });
    const copies = parameters.map(({ shape, dtype, name, data }) => engine.parameter(shape, { dtype, name, data }));
    const resumed = new SGD(
      copies.map((parameter) => ({ params: [parameter] })),
      { lr: 9 },
    );
    resumed.loadStateDict(back);
    for (const parameter of [...parameters, ...copies]) parameter.grad = new Array(parameter.size).fill(0.7);
    sgd.step();
    resumed.step();
    for (const [i, copy] of copies.entries()) assertSameBits(copy.data, parameters[i].data);
  });
}

test("numbers that JSON has no form for come back", () => {
  const group = { ...optimizer.param_groups[0], lr: -0, momentum: Number.NaN, dampening: -Infinity, $big: 2n ** 70n };
  const dict = { ...optimizer, param_groups: [group] };
  const back = stateDictFromJSON(JSON.stringify(stateDictToJSON(dict)));
  assert.equal({ ...back.param_groups[0] }, group);
  assert.ok(Object.is(back.param_groups[0].lr, -0));
  assert.is(toHex(back.state[0].momentum_buffer?.data as Float32Array), toHex(tensors.weight.data));
  assert.is(back.state[1].momentum_buffer, null);
});

test("whatever stateDictToJSON wrote comes back: any plain data, and objects that look like the forms themselves", () => {
  const wild = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom(null, true, false, -0, Number.NaN, Infinity, -Infinity, "", "\ud800"),
      fc.double(),
      fc.bigInt(),
      fc.string(),
      fc.uint8Array(),
      fc.constantFrom(...Object.values(tensors)),
      fc.array(tie("value")),
      fc.array(fc.tuple(tie("value"), tie("value"))).map((pairs) => new Map(pairs)),
      fc.array(tie("value")).map((items) => new Set(items)),
      fc.dictionary(KEYS, tie("value"), { noNullPrototype: true }),
    ),
  })).value;
  fc.assert(
    fc.property(wild, (value) => {
      const json = written(value);
      // Bytes beside a dtype and a shape are a tensor, which has to be a good one.
      fc.pre(json !== undefined);
      const back = stateDictFromJSON(JSON.stringify(json));
      assert.equal(withoutPrototypes(back), withoutPrototypes(value));
    }),
    { seed: 1, numRuns: 1000 },
  );
});

test("bytes of any length survive as base64", () => {
  for (const length of [0, 1, 2, 3, 4095, 4096, 4097, 3 * 4096 - 1, 3 * 4096, 3 * 4096 + 1, 100_000]) {
    const data = Uint8Array.from({ length }, (_, i) => (i * 31) >> 3);
    const dict = { state: {}, param_groups: [], extra: { dtype: "uint8", shape: [length], data } };
    const back = stateDictFromJSON(JSON.stringify(stateDictToJSON(dict as never))) as unknown as typeof dict;
    assert.is(toHex(back.extra.data), toHex(data), `${length} bytes`);
  }
});

test("JSON that is damaged is refused", () => {
  assert.throws(() => stateDictFromJSON("{"), /not JSON/);
  assert.throws(() => stateDictFromJSON({ a: { $bigint: "1.5" } }), /dict\.a is no integer/);
  assert.throws(() => stateDictFromJSON({ a: { $map: [[1]] } }), /dict\.a is no list of keys and values/);
  assert.throws(() => stateDictFromJSON({ a: { $bytes: "*" } }), /dict\.a holds data that are not base64/);
  const wrong = { dtype: "float32", shape: [2], data: "AAAA" };
  assert.throws(() => stateDictFromJSON({ state: { 0: wrong }, param_groups: [] }), /dict\.state\.0 has 3 bytes/);
  const date = { state: {}, param_groups: [{ x: new Date() }] };
  assert.throws(() => stateDictToJSON(date as never), /dict\.param_groups\[0\]\.x/);
});

test("an object that comes 2 to the 60 times is written once", () => {
  let dict: unknown = { a: Number.NaN };
  for (let i = 0; i < 60; i++) dict = [dict, dict];
  let inner: unknown = (stateDictToJSON({ dict } as never) as { dict: unknown }).dict;
  for (let i = 0; i < 60; i++) {
    const [left, right] = inner as unknown[];
    assert.is(left, right);
    inner = left;
  }
  assert.equal(inner, { a: { $number: "NaN" } });
});

test.run();

function written(value: unknown) {
  try {
    return stateDictToJSON(value as never);
  } catch {
    return undefined;
  }
}

/** Plain data with tensors as bits, and every number and key visible to a comparison. */
function withoutPrototypes(value: unknown): unknown {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : `${value}`;
  if (typeof value === "bigint") return `${value}n`;
  if (ArrayBuffer.isView(value)) return [value.constructor.name, toHex(value as Uint8Array)];
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (value instanceof Set) return ["Set", ...[...value].map(withoutPrototypes)];
  if (value instanceof Map) return ["Map", ...[...value].map(withoutPrototypes)];
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return ["object", ...Object.entries(value).map(([key, item]) => [key, withoutPrototypes(item)])];
}

/** Puts a value into a database of its own, and takes it out again. */
async function throughIndexedDB(value: unknown): Promise<unknown> {
  if (typeof indexedDB === "undefined") return structuredClone(value);
  const name = `sgd-wasm-test-${Math.random()}`;
  const opening = indexedDB.open(name);
  opening.onupgradeneeded = () => opening.result.createObjectStore("checkpoints");
  const database = await settled(opening);
  try {
    const store = () => database.transaction("checkpoints", "readwrite").objectStore("checkpoints");
    await settled(store().put(value, "latest"));
    return await settled(store().get("latest"));
  } finally {
    database.close();
    await settled(indexedDB.deleteDatabase(name));
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
