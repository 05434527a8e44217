// What a pickle says of a tensor is understood, or refused: no argument, flag or attribute is ignored.

import { decodeTorch } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkpoint, global, int, pickle, storage, text, tuple } from "../../hostile/archive.js";

const test = suite("checkpoint: arguments of tensors");

const elements = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
const TRUE = [0x88];
const FALSE = [0x89];
const NONE = [0x4e];
const HOOKS = [...global("collections", "OrderedDict"), 0x29, 0x52];
const dict = (...items: number[][]) => [0x7d, 0x28, ...items.flat(), 0x75];
const utils = (name: string, ...args: number[][]) => [...global("torch._utils", name), ...tuple(...args), 0x52];
const read = (...parts: (string | number[])[]) => decodeTorch(checkpoint(pickle(...parts), [elements]));
/** The four arguments that say where the elements are. */
const whole = [storage({ length: 4 }), int(1), tuple(int(2)), tuple(int(1))];
const v2 = (...rest: number[][]) => utils("_rebuild_tensor_v2", ...whole, ...rest);
const v3 = (...rest: number[][]) => utils("_rebuild_tensor_v3", ...whole, ...rest);
const float32 = global("torch", "float32");

const accepted: Record<string, number[]> = {
  "version 1": utils("_rebuild_tensor", ...whole),
  "version 2": v2(FALSE, HOOKS),
  "version 2 with requires_grad": v2(TRUE, HOOKS),
  "version 2 without metadata": v2(FALSE, HOOKS, NONE),
  "version 2 with no flag set": v2(FALSE, HOOKS, dict(text("neg"), FALSE, text("conj"), FALSE)),
  "version 3": v3(FALSE, HOOKS, float32),
  "version 3 with empty metadata": v3(FALSE, HOOKS, float32, dict()),
  "a parameter": utils("_rebuild_parameter", v2(FALSE, HOOKS), TRUE, HOOKS),
  "a parameter with attributes": utils("_rebuild_parameter_with_state", v2(FALSE, HOOKS), TRUE, HOOKS, dict()),
  "a tensor with attributes": [
    ...global("torch._tensor", "_rebuild_from_type_v2"),
    ...tuple(
      global("torch._utils", "_rebuild_tensor_v2"),
      global("torch", "Tensor"),
      tuple(...whole, FALSE, HOOKS),
      dict(text("a"), int(1)),
    ),
    0x52,
  ],
  "attributes that are built": [...v2(FALSE, HOOKS), ...dict(text("a"), int(1)), 0x62],
};

for (const [title, tensor] of Object.entries(accepted)) {
  test(`${title}: read`, () =>
    assert.equal(read(tensor), { dtype: "float32", shape: [2], data: Float32Array.of(2, 3) }));
}

test("a storage has one type of elements", () => {
  const place = [int(0), tuple(int(2)), tuple(int(1))];
  const doubles = utils("_rebuild_tensor_v2", storage({ type: "DoubleStorage", length: 2 }), ...place, FALSE, HOOKS);
  assert.is(read(tuple(v2(FALSE, HOOKS), v2(FALSE, HOOKS))).length, 2);
  assert.throws(() => read(tuple(v2(FALSE, HOOKS), doubles)), /^storage "0" has elements of float32 and of float64/);
});

test("the negative bit changes the sign, of version 3 as well", () => {
  const neg = dict(text("neg"), TRUE);
  assert.equal([...read(v3(FALSE, HOOKS, float32, neg)).data], [-2, -3]);
  assert.equal([...read(v3(FALSE, HOOKS, global("torch", "int32"), neg)).data], [-0x40000000, -0x40400000]);
  assert.throws(() => read(v3(FALSE, HOOKS, global("torch", "bool"), neg)), /booleans has the negative bit/);
  assert.equal([...read(v2(FALSE, HOOKS, neg)).data], [-2, -3]);
  const complex = utils(
    "_rebuild_tensor_v2",
    storage({ type: "ComplexFloatStorage", length: 2 }),
    int(1),
    tuple(int(1)),
    tuple(int(1)),
    FALSE,
    HOOKS,
    neg,
  );
  assert.equal([...new Float32Array(read(complex).data.buffer)], [-3, -4]);
});

test("of version 3 the offset counts in its own dtype, and the storage must be long enough for it", () => {
  const args = [storage({ type: "ByteStorage", length: 16 }), int(1), tuple(int(2)), tuple(int(1)), FALSE, HOOKS];
  assert.equal([...read(utils("_rebuild_tensor_v3", ...args, float32)).data], [2, 3]);
  assert.equal([...read(utils("_rebuild_tensor_v3", ...args, global("torch", "int8"))).data], [0, -128]);
  const short = utils("_rebuild_tensor_v3", ...args, global("torch", "float64"));
  assert.throws(() => read(short), /ends at element 3, its storage has 2/);
});

const refused: Record<string, [number[], RegExp]> = {
  "a conjugate bit": [v2(FALSE, HOOKS, dict(text("conj"), TRUE)), /conjugate bit.*resolve_conj/],
  "another flag": [v2(FALSE, HOOKS, dict(text("lazy"), TRUE)), /the flag "lazy"/],
  "a flag that is no boolean": [v2(FALSE, HOOKS, dict(text("neg"), int(1))), /the flag "neg"/],
  "metadata that are no dict": [v2(FALSE, HOOKS, int(1)), /_rebuild_tensor_v2: expected a dict, got a number/],
  "an argument more": [v2(FALSE, HOOKS, NONE, NONE), /_rebuild_tensor_v2 has 8 arguments, 7 are known/],
  "an argument more of version 1": [utils("_rebuild_tensor", ...whole, NONE), /has 5 arguments, 4/],
  "an argument more of version 3": [v3(FALSE, HOOKS, float32, NONE, NONE), /has 9 arguments, 8/],
  "a version 3 without its dtype": [v3(FALSE, HOOKS), /_rebuild_tensor_v3: expected a global, got nothing/],
  "a dtype that is none": [v3(FALSE, HOOKS, global("torch", "Size")), /"torch\.Size" is no dtype/],
  "requires_grad that is no boolean": [v2(int(1), HOOKS), /requires_grad or backward hooks/],
  "backward hooks": [v2(FALSE, dict(int(0), int(0))), /requires_grad or backward hooks/],
  "backward hooks of a parameter": [
    utils("_rebuild_parameter", v2(FALSE, HOOKS), TRUE, dict(int(0), int(0))),
    /requires_grad or backward hooks/,
  ],
  "state of a parameter that is no dict": [
    utils("_rebuild_parameter_with_state", v2(FALSE, HOOKS), TRUE, HOOKS, int(1)),
    /attributes must be a dict, these are a number/,
  ],
  "a parameter with an argument more": [
    utils("_rebuild_parameter_with_state", v2(FALSE, HOOKS), TRUE, HOOKS, dict(), int(1)),
    /has 5 arguments, 4/,
  ],
  "a subclass": [
    [
      ...global("torch._tensor", "_rebuild_from_type_v2"),
      ...tuple(
        global("torch._utils", "_rebuild_tensor_v2"),
        global("torch.optim.x", "Tensor"),
        tuple(...whole, FALSE, HOOKS),
        NONE,
      ),
      0x52,
    ],
    /the class "torch\.optim\.x\.Tensor"/,
  ],
  "something else that rebuilds": [
    [...global("torch._tensor", "_rebuild_from_type_v2"), ...tuple(global("torch", "Size"), NONE, NONE, NONE), 0x52],
    /expected a global, got None/,
  ],
  "a state that PyTorch 0.1 sets": [
    [...v2(FALSE, HOOKS), ...tuple(...whole), 0x62],
    /attributes must be a dict, these are a tuple/,
  ],
  "a state of a list": [[0x5d, ...dict(), 0x62], /a list cannot have attributes/],
  "a storage with a flag": [
    [...tuple(text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), int(4), NONE, TRUE), 0x51],
    /flags that are not known/,
  ],
  "a storage without a location": [
    [...tuple(text("storage"), global("torch", "FloatStorage"), text("0"), int(4), int(4)), 0x51],
    /flags that are not known/,
  ],
  "a storage with a view that is none": [storage({ length: 4, rest: int(1) }), /expected a tuple, got a number/],
  "a persistent id of a module": [[...tuple(text("module"), NONE, NONE, NONE), 0x51], /must be that of a storage/],
  "a sparse tensor": [
    global("torch._utils", "_rebuild_sparse_tensor"),
    /a kind of tensor that is not read: save tensor\.to_dense\(\)/,
  ],
  "a quantized tensor": [
    global("torch._utils", "_rebuild_qtensor"),
    /a kind of tensor that is not read: save tensor\.to_dense\(\)/,
  ],
  "a quantized storage": [global("torch", "QInt8Storage"), /"torch\.QInt8Storage".*refused/],
  "a nested tensor": [
    global("torch._utils", "_rebuild_nested_tensor"),
    /a kind of tensor that is not read: save tensor\.to_dense\(\)/,
  ],
  "a meta tensor": [
    global("torch._utils", "_rebuild_meta_tensor_no_storage"),
    /a kind of tensor that is not read: save tensor\.to_dense\(\)/,
  ],
  "a wrapper": [
    global("torch._utils", "_rebuild_wrapper_subclass"),
    /a kind of tensor that is not read: save tensor\.to_dense\(\)/,
  ],
  "a tensor of another device": [
    global("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"),
    /a kind of tensor that is not read: save tensor\.to_dense\(\)/,
  ],
  "a tensor of PyTorch 0.1": [global("torch", "FloatTensor"), /"torch\.FloatTensor".*refused/],
  "a class that is looked at only": [global("torch", "Tensor"), /"torch\.Tensor".*refused/],
  "an optimizer itself": [[...global("torch.optim.sgd", "SGD"), 0x29, 0x81], /"torch\.optim\.sgd\.SGD".*refused/],
};

for (const [title, [node, message]] of Object.entries(refused)) {
  test(`${title}: refused by name`, () => assert.throws(() => read(node), message));
}

test("what is left on the stack or taken from it again is refused by its name all the same", () => {
  assert.throws(() => read(global("os", "system"), "0", NONE), /"os\.system"/);
});

test.run();
