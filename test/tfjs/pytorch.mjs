// A model that TensorFlow.js has trained on its wasm backend goes on in PyTorch: writes a .pt file of its variables, the
// optimizer's state, the gradients of the next steps and what they lead to here; pytorch.py takes the same steps and compares
// the bits. `node test/tfjs/pytorch.mjs`, after `npm run tfjs`.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-wasm";
import { encodeTorch } from "../../dist/checkpoint.js";
import { sgd } from "../../dist/tfjs.js";

const STEPS = 3;

tf.env().set("PROD", true);
await tf.setBackend("wasm");
const model = sequential({
  layers: [
    layers.dense({ units: 20, activation: "tanh", inputShape: [8] }),
    layers.dense({ units: 3, activation: "softmax" }),
  ],
});
const optimizer = sgd(tf, {
  lr: 0.1,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 0.01,
  groups: [{ match: /bias/, weightDecay: 0, lr: 0.3 }],
});
const variables = model.trainableWeights.map((weight) => weight.read());
const x = tf.randomUniform([64, 8], -1, 1, "float32", 3);
const y = tf.cast(
  tf.oneHot(
    Array.from({ length: 64 }, (_, i) => i % 3),
    3,
  ),
  "float32",
);
const loss = () => tf.losses.softmaxCrossEntropy(y, model.apply(x));

for (let step = 0; step < STEPS; step++) optimizer.minimize(loss, false, variables);
const before = tensorsOf(variables);
const state = optimizer.sgd.stateDict();
const gradients = Array.from({ length: STEPS }, () => {
  const { grads } = optimizer.computeGradients(loss, variables);
  const tensors = Object.entries(grads).map(([name, gradient]) => [name, tensorOf(gradient)]);
  optimizer.applyGradients(grads);
  return Object.fromEntries(tensors);
});

const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-tfjs-"));
const file = join(folder, "model.pt");
writeFileSync(file, encodeTorch({ model: before, optimizer: state, gradients, after: tensorsOf(variables) }));
const script = fileURLToPath(new URL("pytorch.py", import.meta.url));
const { status } = spawnSync("/usr/bin/python3", [script, file], { stdio: "inherit" });
rmSync(folder, { recursive: true });
process.exit(status ?? 1);

function tensorsOf(variables) {
  return Object.fromEntries(variables.map((variable) => [variable.name, tensorOf(variable)]));
}

function tensorOf(tensor) {
  return { dtype: "float32", shape: tensor.shape, data: tensor.dataSync().slice() };
}
