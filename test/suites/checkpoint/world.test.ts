// Files as others write them; test/fixtures/data/world/README.md says what each is, and what PyTorch reads in it.

import { createEngine, SGD } from "sgd-wasm";
import { decodeTorch, decodeTorchFrom, encodeTorch, loadParameters, saveParameters } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import integerNames from "../../fixtures/data/world/integer_names.pt";
import multistep from "../../fixtures/data/world/multistep.pt";
import negativeBit from "../../fixtures/data/world/negative_bit_2.14.pt";
import negativeBitLegacy from "../../fixtures/data/world/negative_bit_legacy_2.14.pt";
import negativeBitParameter from "../../fixtures/data/world/negative_bit_parameter_2.14.pt";
import noCrc from "../../fixtures/data/world/no_crc_2.14.pt";
import numpyScalars from "../../fixtures/data/world/numpy_scalars.pt";
import oneCycle from "../../fixtures/data/world/onecycle_1.13.pt";
import python2Ints from "../../fixtures/data/world/python2_ints.pt";
import python2Optimizer from "../../fixtures/data/world/python2_optimizer.pt";
import python2Utf8 from "../../fixtures/data/world/python2_utf8.pt";
import tensorLr from "../../fixtures/data/world/tensor_lr_2.14.pt";
import usersClass from "../../fixtures/data/world/users_class.pt";
import values from "../../fixtures/data/world/values.pt";
import { rounding } from "../../support/context.js";

const test = suite("checkpoint: files of the world");

for (const [title, file] of Object.entries({ negativeBit, negativeBitLegacy, negativeBitParameter })) {
  test(`the negative bit is obeyed: ${title}`, async () => {
    for (const { x } of [decodeTorch(file), await decodeTorchFrom(new Blob([file.slice()]))]) {
      assert.equal([...x.data], [-2, 4]);
      assert.equal([...decodeTorch(encodeTorch({ x })).x.data], [-2, 4]);
    }
  });
}

test("strings of Python 2 are UTF-8, or what the caller says", () => {
  assert.is(decodeTorch(python2Utf8).dataset, "café");
  assert.is(decodeTorch(python2Utf8, { encoding: "latin1" }).dataset, "cafÃ©");
  const bytes = decodeTorch(python2Utf8, { encoding: "bytes" }) as Map<Uint8Array, unknown>;
  assert.equal(
    [...bytes].map(([key]) => String.fromCharCode(...key)),
    ["state_dict", "dataset"],
  );
  assert.equal([...bytes.values()][1], new TextEncoder().encode("café"));
  assert.throws(
    () => decodeTorch(python2Utf8, { encoding: "ascii" } as never),
    /encoding must be "utf-8", "latin1" or "bytes", got "ascii"/,
  );
});

test("integers of Python 2, and an optimizer whose states are keyed by ids", () => {
  assert.is(decodeTorch(python2Ints).seed, 3735928559);
  const { model, optimizer } = decodeTorch(python2Optimizer);
  assert.equal(Object.keys(optimizer.state), ["139887847792880"]);
  const parameters = loadParameters(createEngine({ rounding }), model);
  const sgd = new SGD(parameters, { lr: 9 });
  sgd.loadStateDict(optimizer);
  parameters.w.grad = [1, 1];
  sgd.step();
  assert.equal([...parameters.w.data], [...Float32Array.of(1.31, -2.78)]);
});

test("names that look like integers keep the model's order, and with it the optimizer's state", () => {
  const { model, optimizer } = decodeTorch(integerNames);
  const names = ["10", "2", "w"];
  assert.equal([...model.keys()], names);
  const parameters = loadParameters(createEngine({ rounding }), model) as unknown as Map<string, never>;
  assert.equal([...parameters.keys()], names);
  assert.equal([...(saveParameters(parameters) as never as Map<string, unknown>).keys()], names);
  assert.equal([...decodeTorch(encodeTorch(saveParameters(parameters, { base: model }))).keys()], names);
  const sgd = new SGD(parameters, { lr: 9 });
  sgd.loadStateDict(optimizer);
  sgd.paramGroups[0].lr = 1;
  for (const parameter of sgd.paramGroups[0].params) parameter.grad = [0];
  sgd.step();
  const found = sgd.paramGroups[0].params.map(({ data }) => data[0]);
  // PyTorch's bits.
  assert.equal(found, [9.100000381469727, 0.20000004768371582, 2.3000001907348633]);
});

test("integer keys stay integers, in their order", () => {
  for (const { scheduler } of [decodeTorch(multistep), decodeTorch(encodeTorch(decodeTorch(multistep)))]) {
    assert.equal(
      [...scheduler.milestones],
      [
        [2, 1],
        [4, 1],
      ],
    );
  }
});

test("a scheduler's method is its name, and what it was bound to is left out", () => {
  const { scheduler } = decodeTorch(oneCycle);
  assert.is(scheduler.anneal_func, "torch.optim.lr_scheduler.OneCycleLR._annealing_cos");
  assert.equal([scheduler.total_steps, scheduler._last_lr], [10, [0.040000000000000036]]);
});

test("numpy's scalars are numbers and booleans", () => {
  const { best, epoch, half, flag, w } = decodeTorch(numpyScalars);
  assert.equal([best, epoch, half, flag], [0.75, 7, 0.5, true]);
  assert.is(w.dtype, "float32");
});

test("devices, dtypes, complex numbers, bytearrays, bytes and sizes are values, and are written as such", () => {
  const expected = {
    ...{ device: "cuda:1", dtype: "torch.bfloat16", c: { re: 1, im: -2 }, ba: Uint8Array.of(0, 255) },
    ...{ by: new TextEncoder().encode("abc"), size: [2, 3] },
  };
  assert.equal({ ...decodeTorch(values) }, expected);
  assert.equal({ ...decodeTorch(encodeTorch(decodeTorch(values))) }, expected);
});

test("a file with a user's class is refused by its name, or read around it", () => {
  assert.throws(() => decodeTorch(usersClass), /"__main__\.Meter".*unknown: "keep".*refused/);
  const { model, meter, fn, epoch } = decodeTorch(usersClass, { unknown: "keep" });
  assert.equal([[...model.w.data], epoch], [[1, 2], 3]);
  assert.equal(Object.keys(meter), ["unknown", "args", "state"]);
  assert.equal([meter.unknown, meter.args, meter.state.sum], ["__main__.Meter", [], 3]);
  assert.equal([...meter.state.history[0].data], [4]);
  assert.equal(fn, { unknown: "builtins.len", args: null, state: null });
  assert.throws(() => encodeTorch({ meter }), /value\.meter is \{ unknown: "__main__\.Meter" \}/);
  assert.throws(() => encodeTorch([fn]), /value\[0\] is \{ unknown: "builtins\.len" \}/);
  assert.throws(
    () => decodeTorch(usersClass, { unknown: "skip" } as never),
    /unknown must be "refuse" or "keep", got "skip"/,
  );
});

test("a file without checksums is read if the caller says so, and the error says how", () => {
  assert.throws(() => decodeTorch(noCrc), /has no checksum \(\{ checkCrc: false \} reads it/);
  assert.equal([...decodeTorch(noCrc, { checkCrc: false }).x.data], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("a learning rate that is a tensor is taken by the optimizer", () => {
  const { model, optimizer } = decodeTorch(tensorLr);
  const parameters = loadParameters(createEngine({ rounding: "fused" }), model);
  const sgd = new SGD(parameters, { lr: 9 });
  sgd.loadStateDict(optimizer);
  parameters.w.grad = [1, -1, 0.5];
  parameters.b.grad = [2];
  sgd.step();
  assert.equal([...parameters.w.data], [0.7072010040283203, 2.284101963043213, 2.846353054046631]);
  assert.equal([...parameters.b.data], [-0.08124952763319016]);
});

test("an option that is not there is refused by its name", async () => {
  const message = /^decodeTorch has no option 'checkCRC': it knows limits, checkCrc, unknown, encoding$/;
  assert.throws(() => decodeTorch(noCrc, { checkCRC: false } as never), message);
  const engine = createEngine({ rounding });
  assert.throws(
    () => loadParameters(engine, {}, { widened: false } as never),
    /loadParameters has no option 'widened'/,
  );
  assert.throws(() => saveParameters({}, { views: true } as never), /saveParameters has no option 'views'/);
  assert.throws(() => decodeTorch(undefined as never), /Uint8Array or an ArrayBuffer, got undefined$/);
});

test.run();
