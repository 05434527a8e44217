// The same training on one machine, without any server: what the parameters have to be.

import { SGD } from "sgd-wasm";
import type { Digits } from "../digits/data.js";
import { computeGradients, newNetwork, OPTIONS, STEPS, WORKERS } from "./model.js";

export function trainAlone(digits: Digits): ReturnType<typeof newNetwork> {
  const network = newNetwork();
  const { lr, momentum, weightDecay, maxGradNorm } = OPTIONS;
  const optimizer = new SGD(network.parameters, { lr: lr[0], momentum, weightDecay });
  for (let step = 0; step < STEPS; step++) {
    const sums = network.parameters.map(({ size }) => new Float32Array(size));
    for (let rank = 0; rank < WORKERS; rank++) {
      computeGradients(network, digits, step, rank);
      network.parameters.forEach(({ grad }, i) => {
        sums[i] = rank === 0 ? Float32Array.from(grad!) : sums[i].map((sum, k) => sum + grad![k]);
      });
    }
    network.parameters.forEach((parameter, i) => {
      parameter.grad = sums[i];
    });
    optimizer.paramGroups[0].lr = lr[Math.min(step, lr.length - 1)];
    optimizer.step(null, { gradScale: 1 / WORKERS, maxGradNorm });
  }
  return network;
}
