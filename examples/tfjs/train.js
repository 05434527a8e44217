// TensorFlow.js with sgd-wasm as its optimizer: a small network learns which points lie in a circle.

import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { sgd } from "sgd-wasm/tfjs";

await tf.setBackend("wasm");

const weights = (shape, value) => tf.tensor(Array.from({ length: shape[0] * shape[1] }, value), shape);
const w1 = weights([2, 16], (_, i) => Math.sin(i + 1));
const w2 = weights([16, 1], (_, i) => Math.cos(i));
const model = sequential({
  layers: [
    layers.dense({ units: 16, activation: "tanh", inputShape: [2], weights: [w1, tf.zeros([16])] }),
    layers.dense({ units: 1, useBias: false, weights: [w2] }),
  ],
});

// The line that differs from a program with tf.train.momentum(0.5, 0.9).
const optimizer = sgd(tf, { lr: 0.5, momentum: 0.9 });
model.compile({ optimizer, loss: tf.losses.sigmoidCrossEntropy });

// Points spread evenly over the square from -1 to 1, and whether they lie in the circle.
const points = Array.from({ length: 400 }, (_, i) => [((i * 0.7549) % 1) * 2 - 1, ((i * 0.5698) % 1) * 2 - 1]);
const inside = points.map(([x, y]) => [x * x + y * y < 0.5 ? 1 : 0]);
const [x, t] = [tf.tensor2d(points), tf.tensor2d(inside)];

const onEpochEnd = (step, { loss }) => step % 100 === 0 && console.log(`step ${step}: loss ${loss.toFixed(4)}`);
await model.fit(x, t, { epochs: 301, batchSize: points.length, verbose: 0, callbacks: { onEpochEnd } });
const right = [...model.predict(x).dataSync()].filter((z, i) => z > 0 === (inside[i][0] === 1)).length;
console.log(`${right} of ${points.length} points are told right`);
