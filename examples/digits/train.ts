// The training loop.

import type { SGD } from "sgd-wasm";
import type { Batch, Digits } from "./data.js";
import { backward, forward, type Network } from "./network.js";
import type { Options } from "./options.js";
import type { Progress } from "./progress.js";

export interface Training {
  /** the loss before each step */
  losses: number[];
  seconds: number;
}

/** One step on a batch: the gradient of `objective` times its loss, and the update. Returns the loss before it. */
export function trainStep(network: Network, optimizer: SGD, { images, labels }: Batch, objective: 1 | -1 = 1): number {
  const loss = backward(network, forward(network, images), labels, objective);
  optimizer.step();
  return loss;
}

export function train(
  network: Network,
  optimizer: SGD,
  digits: Digits,
  { steps, batchSize, maximize }: Pick<Options, "steps" | "batchSize" | "maximize">,
  progress: Progress = { update() {} },
): Training {
  const losses: number[] = [];
  const start = performance.now();
  for (let step = 0; step < steps; step++) {
    const loss = trainStep(network, optimizer, digits.batch(step, batchSize), maximize ? -1 : 1);
    losses.push(loss);
    progress.update(step + 1, loss);
  }
  return { losses, seconds: (performance.now() - start) / 1000 };
}
