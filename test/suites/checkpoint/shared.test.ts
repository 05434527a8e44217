// What an object means depends on where it is reached from, and nothing that is decoded shares memory with the file.

import { createEngine, SGD } from "sgd-wasm";
import { decodeTorch, encodeSafetensors, encodeTorch } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("checkpoint: shared objects");
const engine = createEngine();

function stateDict() {
  const parameter = engine.parameter(2);
  parameter.grad = [1, 2];
  const optimizer = new SGD([parameter], { lr: 1, momentum: 1 });
  optimizer.step();
  return optimizer.stateDict();
}

/** How often a pickle holds these bytes, written as text of Latin-1. */
function count(file: Uint8Array, text: string): number {
  let all = "";
  for (const byte of file) all += String.fromCharCode(byte);
  return all.split(text).length - 1;
}

test("a state dict is written as one, also when parts of it occur elsewhere before", () => {
  const dict = stateDict();
  // BINFLOAT 1.0, once for each of lr and momentum of the group, and not at all for the group as a plain object.
  const one = "G\x3f\xf0\0\0\0\0\0\0";
  const expected = count(encodeTorch(dict), one);
  assert.is(expected, 2);
  assert.is(count(encodeTorch({ backup: dict.state, group: dict.param_groups[0], optimizer: dict }), one), expected);
  assert.is(count(encodeTorch({ optimizer: dict, group: dict.param_groups[0] }), one), expected);
  // The key of the state is an integer (K, 0), before a dict that is written there or was before (} or h).
  const keys = (value: unknown) => count(encodeTorch(value), "K\0}") + count(encodeTorch(value), "K\0h");
  assert.is(keys({ backup: dict.state }), 0);
  assert.is(keys({ backup: dict.state, optimizer: dict }), 1);
});

test("integers up to 2^53 stay numbers both ways, larger ones need BigInt", () => {
  for (const value of [2 ** 53, -(2 ** 53), 2 ** 53 - 1, 0, -1, 2n ** 53n + 1n, -(2n ** 70n)]) {
    assert.is(decodeTorch(encodeTorch(value)), value);
  }
  assert.is(decodeTorch(encodeTorch(2n ** 53n)), 2 ** 53);
});

test("bytes that are decoded are copies, whatever kind of Uint8Array the file is in", () => {
  class Bytes extends Uint8Array {
    override slice(): Uint8Array<ArrayBuffer> {
      return this.subarray() as Uint8Array<ArrayBuffer>;
    }
  }
  const file = new Bytes(encodeTorch({ b: new Uint8Array([1, 2]) }));
  const { b } = decodeTorch(file) as { b: Uint8Array };
  file.fill(0);
  assert.equal([...b], [1, 2]);
});

test("tensors in a Map are written as they are in an object; what is neither is refused", () => {
  const tensor = { dtype: "float32" as const, shape: [1], data: new Float32Array(1) };
  assert.equal(encodeSafetensors(new Map([["1", tensor]])), encodeSafetensors({ 1: tensor }));
  assert.throws(() => encodeSafetensors(new Map([[1, tensor]]) as never), /named by a number/);
  for (const wrong of [null, [tensor], new Set([tensor])]) {
    assert.throws(() => encodeSafetensors(wrong as never), /plain object or a Map/);
  }
});

test.run();
