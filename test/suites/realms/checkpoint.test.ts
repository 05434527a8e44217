// Values of another realm in checkpoints: none is an instance of the classes here.

import type { TensorData } from "sgd-wasm";
import {
  decodeSafetensors,
  decodeTorch,
  encodeSafetensors,
  encodeTorch,
  stateDictFromJSON,
  stateDictToJSON,
} from "sgd-wasm/checkpoint";
import * as assert from "uvu/assert";
import { foreign, realmSuite } from "../../support/realm.js";

const test = realmSuite("checkpoint: values of another realm");

const makeValue = () =>
  foreign<{ tensor: TensorData; map: object }>(`{
  tensor: { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) },
  map: new Map([[1, "a"], [[1, 2], "b"]]),
  set: new Set([1, 2]),
  bytes: Uint8Array.of(1, 255),
  list: [1, { a: null }],
  complex: { re: 1, im: 2 },
}`);

test("values are written as ours are", () => {
  const value = makeValue();
  assert.not(value.map instanceof Map);
  const back = decodeTorch(encodeTorch(value));
  assert.equal(
    [...back.map],
    [
      [1, "a"],
      [[1, 2], "b"],
    ],
  );
  assert.equal([[...back.set], back.bytes, back.complex], [[1, 2], Uint8Array.of(1, 255), { re: 1, im: 2 }]);
  assert.equal([...back.tensor.data], [1, 2]);
  assert.equal(Object.entries(back.list[1]), [["a", null]]);
  const json = stateDictFromJSON(JSON.stringify(stateDictToJSON(value as never))) as unknown as typeof back;
  assert.equal(
    [[...json.map.keys()], [...json.set], [...json.bytes]],
    [
      [1, [1, 2]],
      [1, 2],
      [1, 255],
    ],
  );
});

test("tensors by name may be a Map of another realm", () => {
  const tensors = foreign<Map<string, never>>("new Map([['a', tensor]])", { tensor: makeValue().tensor });
  assert.equal([...decodeSafetensors(encodeSafetensors(tensors)).tensors.a.data], [1, 2]);
});

test("files may be arrays and buffers of another realm", () => {
  const bytes = encodeTorch({ epoch: 3 });
  for (const make of ["new Uint8Array(bytes)", "new Uint8Array(bytes).buffer"]) {
    assert.is(decodeTorch(foreign<Uint8Array>(make, { bytes })).epoch, 3);
  }
  assert.throws(() => decodeTorch(foreign<Uint8Array>("new DataView(new ArrayBuffer(8))")), /got DataView/);
});

test.run();
