// Models of dense layers, trained by their own methods.

import type { LayersModel } from "@tensorflow/tfjs-layers";
import { sgd, type TorchSGD } from "sgd-wasm/tfjs";
import * as assert from "uvu/assert";
import { BACKENDS, bitsOf, newData, newModel, suiteOn, tf } from "./tf.js";

type Make = () => tf.Optimizer;

/** The losses of all epochs, and the bits of the weights after them. */
async function train(make: Make, change?: (optimizer: never) => void) {
  const model = newModel();
  const { x, y } = newData();
  const optimizer = make();
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  const fit = async (epochs: number) => {
    const { history } = await model.fit(x, y, { epochs, batchSize: 16, shuffle: false, verbose: 0 });
    return history.loss as number[];
  };
  const losses = await fit(5);
  change?.(optimizer as never);
  losses.push(...(await fit(5)));
  const bits = bitsOf(model.getWeights());
  for (const each of [model, optimizer, x, y]) each.dispose();
  return { losses, bits };
}

for (const backend of BACKENDS) {
  const test = suiteOn(backend, "models");

  for (const nesterov of [false, true]) {
    test(`rounding "separate" gives losses and weights of tf.train.momentum, nesterov ${nesterov}`, async () => {
      const theirs = await train(
        () => tf.train.momentum(0.1, 0.9, nesterov),
        (optimizer: tf.MomentumOptimizer) => optimizer.setLearningRate(0.05),
      );
      const ours = await train(
        () => sgd(tf, { lr: 0.1, momentum: 0.9, nesterov, rounding: "separate" }),
        (optimizer: TorchSGD) => optimizer.setLearningRate(0.05),
      );
      assert.ok(theirs.losses[9] < 0.9 * theirs.losses[0], `it learns: ${theirs.losses}`);
      assert.equal(ours, theirs);
    });
  }

  test(`rounding "separate" without momentum gives those of tf.train.sgd`, async () => {
    const theirs = await train(() => tf.train.sgd(0.2));
    assert.equal(await train(() => sgd(tf, { lr: 0.2, rounding: "separate" })), theirs);
  });

  test("a model predicts with the weights that a step has left", async () => {
    const { x, y } = newData();
    const [trained, fresh] = [newModel(), newModel()];
    trained.compile({ optimizer: sgd(tf, { lr: 0.5, momentum: 0.9 }), loss: "categoricalCrossentropy" });
    for (let step = 0; step < 5; step++) {
      await trained.trainOnBatch(x, y);
      fresh.setWeights(trained.getWeights());
      assert.equal(predictions(trained, x), predictions(fresh, x), `after step ${step}`);
    }
    for (const each of [trained, fresh, x, y]) each.dispose();
  });

  test("rounding is fused by default, as PyTorch's", async () => {
    const fused = await train(() => sgd(tf, { lr: 0.1, momentum: 0.9, rounding: "fused" }));
    assert.equal(await train(() => sgd(tf, { lr: 0.1, momentum: 0.9 })), fused);
    const separate = await train(() => sgd(tf, { lr: 0.1, momentum: 0.9, rounding: "separate" }));
    assert.not.equal(fused.bits, separate.bits);
  });

  test.run();
}

function predictions(model: LayersModel, x: tf.Tensor2D): number[] {
  return tf.tidy(() => bitsOf([model.predict(x) as tf.Tensor]));
}
