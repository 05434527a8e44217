// Values of another realm, as of an iframe or of Jest, are as good as any: none is an instance of the classes here.

import { runInNewContext } from "node:vm";
import {
  decodeSafetensors,
  decodeTorch,
  encodeSafetensors,
  encodeTorch,
  stateDictFromJSON,
  stateDictToJSON,
} from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("checkpoint: values of another realm");

const value = runInNewContext(`({
  tensor: { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) },
  map: new Map([[1, "a"], [[1, 2], "b"]]),
  set: new Set([1, 2]),
  bytes: Uint8Array.of(1, 255),
  list: [1, { a: null }],
  complex: { re: 1, im: 2 },
})`);

test("values are written as ours are", () => {
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
  const json = stateDictFromJSON(JSON.stringify(stateDictToJSON(value))) as unknown as typeof back;
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
  const tensors = runInNewContext("new Map([['a', tensor]])", { tensor: value.tensor });
  assert.equal([...decodeSafetensors(encodeSafetensors(tensors)).tensors.a.data], [1, 2]);
});

test("files may be arrays and buffers of another realm, and Node's Buffers", () => {
  const bytes = encodeTorch({ epoch: 3 });
  for (const make of ["new Uint8Array(bytes)", "new Uint8Array(bytes).buffer"]) {
    assert.is(decodeTorch(runInNewContext(make, { bytes })).epoch, 3);
  }
  assert.is(decodeTorch(Buffer.from(bytes)).epoch, 3);
  assert.throws(() => decodeTorch(runInNewContext("new DataView(new ArrayBuffer(8))")), /got DataView/);
});

test.run();
