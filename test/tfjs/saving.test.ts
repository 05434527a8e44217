// The optimizer's state: as tfjs saves it, and as PyTorch does.

import { io } from "@tensorflow/tfjs-core";
import { type LayersModel, loadLayersModel } from "@tensorflow/tfjs-layers";
import type { StateDict } from "sgd-wasm";
import { decodeTorch, encodeTorch } from "sgd-wasm/checkpoint";
import { sgd, type TfjsOptions, type TorchSGD } from "sgd-wasm/tfjs";
import * as assert from "uvu/assert";
import { BACKENDS, bitsOf, newData, newModel, suiteOn, tf, variable } from "./tf.js";

const OPTIONS: TfjsOptions = {
  lr: 0.1,
  momentum: 0.9,
  weightDecay: 0.01,
  maxGradNorm: 2,
  groups: [{ match: /_DENSE\d+\/bias|not_there%/i, weightDecay: 0, lr: 0.2 }],
};
const LOSS = "categoricalCrossentropy";

async function train(model: LayersModel, steps: number): Promise<void> {
  const { x, y } = newData();
  for (let step = 0; step < steps; step++) await model.trainOnBatch(x, y);
  for (const each of [x, y]) each.dispose();
}

/** A model that is trained for 3 steps, and what its weights are 3 steps later. */
async function trained(options = OPTIONS) {
  const model = newModel();
  model.compile({ optimizer: sgd(tf, options), loss: LOSS });
  await train(model, 3);
  const later = async () => {
    await train(model, 3);
    return bitsOf(model.getWeights());
  };
  return { model, later };
}

for (const backend of BACKENDS) {
  const test = suiteOn(backend, "saving");

  test("a model is saved and loaded with its optimizer, and goes on with the same bits", async () => {
    const { model, later } = await trained();
    const optimizer = model.optimizer as unknown as TorchSGD;
    optimizer.sgd.paramGroups[0].momentum = 0.5;
    optimizer.setLearningRate(0.05);
    let saved: io.ModelArtifacts | undefined;
    const handler = io.withSaveHandler(async (artifacts) => {
      saved = JSON.parse(JSON.stringify({ ...artifacts, weightData: undefined }));
      saved!.weightData = artifacts.weightData;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    });
    await model.save(handler, { includeOptimizer: true });
    const loaded = await loadLayersModel(io.fromMemory(saved!));
    const { paramGroups } = (loaded.optimizer as unknown as TorchSGD).sgd;
    assert.equal(
      paramGroups.map(({ lr, momentum, weightDecay }) => [lr, momentum, weightDecay]),
      [
        [0.05, 0.5, 0],
        [0.05, 0.9, 0.01],
      ],
    );
    await train(loaded, 3);
    assert.is(loaded.optimizer.iterations, 6);
    assert.equal(bitsOf(loaded.getWeights()), await later());
    assert.equal(
      paramGroups.map(({ params }) => params.map(({ name }) => /kernel|bias/.exec(name!)![0])),
      [
        ["bias", "bias"],
        ["kernel", "kernel"],
      ],
    );
    for (const each of [model, loaded]) each.dispose();
  });

  test("setWeights of what getWeights gave makes an optimizer go on, before its first step and after", async () => {
    for (const before of [0, 2]) {
      const { model, later } = await trained();
      const other = newModel();
      const optimizer = sgd(tf, OPTIONS);
      other.compile({ optimizer, loss: LOSS });
      await train(other, before);
      other.setWeights(model.getWeights());
      await optimizer.setWeights(await model.optimizer.getWeights());
      assert.is(optimizer.iterations, 3);
      const again = await optimizer.getWeights();
      assert.equal(bitsOf(again.slice(1).map(({ tensor }) => tensor)).length, 8 * 20 + 20 + 20 * 3 + 3);
      await train(other, 3);
      assert.equal(bitsOf(other.getWeights()), await later());
      for (const each of [model, other, optimizer]) each.dispose();
    }
  });

  test("momentum of other variables is refused, and what there was stays", async () => {
    const [one, other] = [variable([1, 2]), variable([1, 2, 3])];
    const [first, second] = [one, other].map(({ name, shape }) => {
      const optimizer = sgd(tf, { lr: 1, momentum: 0.5 });
      tf.tidy(() => optimizer.applyGradients({ [name]: tf.ones(shape) }));
      return optimizer;
    });
    const weights = await first.getWeights();
    await second.setWeights(weights).then(
      () => assert.unreachable(),
      ({ message }) => assert.match(message, /has the shape \[3\], its momentum in setWeights \[2\]/),
    );
    const more = { name: "more/momentum", tensor: weights[1].tensor };
    await second.setWeights([...weights, more]).then(
      () => assert.unreachable(),
      ({ message }) => assert.match(message, /setWeights has the momentum of .*,more, but trained are /),
    );
    assert.equal(
      [...second.sgd.state.values()].map(({ momentumBuffer }) => [...momentumBuffer!]),
      [[1, 1, 1]],
    );
    for (const each of [one, other, first, second]) each.dispose();
  });

  test("anything but what getWeights gives is refused, and what there was stays", async () => {
    const weight = variable([1, 2]);
    const optimizer = sgd(tf, { lr: 1, momentum: 0.5 });
    tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.ones([2]) }));
    const [iter, momentum] = await optimizer.getWeights();
    const disposed = tf.ones([2]);
    disposed.dispose();
    for (const [wrong, got] of [
      [[], /got Array$/],
      [undefined, /got undefined$/],
      [{ iter }, /got object$/],
      [[iter.tensor, momentum.tensor], /got .* at index 0$/],
      [[momentum], /got ".*\/momentum" at index 0$/],
      [[iter, null], /got null at index 1$/],
      [[iter, { name: "a/momentum", tensor: disposed }], /got "a\/momentum" at index 1$/],
    ] as const) {
      await optimizer.setWeights(wrong as never).then(
        () => assert.unreachable(String(got)),
        (error) => {
          assert.is(error.name, "TypeError");
          assert.match(error.message, /^setWeights takes what getWeights gives, \[{ name: "iter", tensor }, …\]/);
          assert.match(error.message, got);
        },
      );
      assert.is(optimizer.iterations, 1);
      const [{ momentumBuffer }] = optimizer.sgd.state.values();
      assert.equal([...momentumBuffer!], [1, 1]);
    }
    for (const each of [weight, optimizer]) each.dispose();
  });

  test("momentum that comes before the first step and does not fit is refused by every step", async () => {
    const [one, other] = [variable([1, 2]), variable([1, 2, 3])];
    const [first, second] = [sgd(tf, { lr: 1, momentum: 0.5 }), sgd(tf, { lr: 1, momentum: 0.5 })];
    const step = (optimizer: tf.Optimizer, { name, shape }: tf.Variable) => {
      tf.tidy(() => optimizer.applyGradients({ [name]: tf.ones(shape) }));
    };
    step(first, one);
    const weights = await first.getWeights();
    await second.setWeights(weights);
    for (let i = 0; i < 2; i++) assert.throws(() => step(second, other), /has the shape \[3\], its momentum/);
    assert.equal([...other.dataSync()], [1, 2, 3]);
    await second.setWeights(weights.slice(0, 1));
    step(second, other);
    assert.equal([...other.dataSync()], [0, 1, 2]);
    for (const each of [one, other, first, second]) each.dispose();
  });

  test("momentum waits for variables that are trained later, and is saved meanwhile", async () => {
    const variables = ["early", "late"].map((name) => variable([1], name));
    const step = (optimizer: tf.Optimizer, name: string) => {
      tf.tidy(() => optimizer.applyGradients({ [name]: tf.ones([1]) }));
    };
    const optimizers = [0, 1, 2].map(() => sgd(tf, { lr: 1, momentum: 0.5 }));
    for (const { name } of variables) step(optimizers[0], name);
    for (const [i, optimizer] of optimizers.slice(1).entries()) {
      await optimizer.setWeights(await optimizers[i].getWeights());
      step(optimizer, "early");
    }
    step(optimizers[2], "late");
    assert.equal(
      variables.flatMap((each) => [...each.dataSync()]),
      [-3.25, -1.5],
    );
    for (const each of [...variables, ...optimizers]) each.dispose();
  });

  test("an infinite maxGradNorm is saved and loaded", () => {
    const optimizer = sgd(tf, { lr: 1, maxGradNorm: Number.POSITIVE_INFINITY });
    const config = JSON.parse(JSON.stringify(optimizer.getConfig()));
    const type = optimizer.constructor as unknown as { fromConfig(type: unknown, config: object): tf.Optimizer };
    const [one, loaded] = [variable([3], "one"), type.fromConfig(type, config)];
    tf.tidy(() => loaded.applyGradients({ one: tf.ones([1]) }));
    assert.equal([...one.dataSync()], [2]);
    for (const each of [one, loaded, optimizer]) each.dispose();
  });

  test("getWeights leaves no tensors behind, however often it is called", async () => {
    const { numTensors } = tf.memory();
    const { model } = await trained();
    for (let i = 0; i < 20; i++) await model.optimizer.getWeights();
    model.optimizer.dispose();
    model.dispose();
    assert.is(tf.memory().numTensors, numTensors);
  });

  test("a group that matches by a function cannot be saved, and says so", () => {
    const optimizer = sgd(tf, { lr: 1, groups: [{ match: (name) => name === "bias", lr: 2 }] });
    assert.throws(() => optimizer.getConfig(), /group whose match is a function cannot be saved .*: match by a RegExp/);
    optimizer.dispose();
  });

  for (const names of ["its", "no"]) {
    test(`a .pt file of the state dict, with ${names} names, is loaded before the first step and after`, async () => {
      for (const before of [0, 2]) {
        const { model, later } = await trained();
        const file = encodeTorch((model.optimizer as unknown as TorchSGD).sgd.stateDict());
        const weights = model.getWeights().map((weight) => weight.clone());
        const expected = await later();
        // Other variables that can be trained would be taken for some of the file's.
        model.dispose();
        const other = newModel();
        const optimizer = sgd(tf, { lr: 1, groups: [{ match: /bias/ }], maxGradNorm: 2 });
        other.compile({ optimizer, loss: LOSS });
        await train(other, before);
        other.setWeights(weights);
        optimizer.sgd.loadStateDict(renamed(decodeTorch(file), names === "its" ? other : null));
        await train(other, 3);
        assert.equal(bitsOf(other.getWeights()), expected);
        for (const each of [other, optimizer, ...weights]) each.dispose();
      }
    });
  }

  test("a state dict of another model is refused before the first step", () => {
    const one = variable([1]);
    const optimizer = sgd(tf, { lr: 1 });
    const [group] = optimizer.sgd.stateDict().param_groups;
    const dict = { state: {}, param_groups: [{ ...group, params: [0, 1] }] };
    assert.throws(() => optimizer.sgd.loadStateDict(dict), /doesn't match the size of optimizer's group/);
    assert.throws(() => optimizer.sgd.loadStateDict(undefined as never), /undefined/);
    for (const each of [one, optimizer]) each.dispose();
  });

  test.run();
}

/** With the names of the model's variables in the order of the dict: biases, then kernels; or with none. */
function renamed(dict: StateDict, model: LayersModel | null): StateDict {
  const names = model?.trainableWeights.map((weight) => (weight.read() as tf.Variable).name) ?? [];
  for (const [i, part] of ["bias", "kernel"].entries()) {
    dict.param_groups[i].param_names = model ? names.filter((name) => name.includes(part)) : undefined;
  }
  return dict;
}
