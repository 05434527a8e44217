// The training loop.

import type { SGD } from "sgd-wasm";
import type { Digits } from "./data.js";
import { backward, forward, type Network } from "./network.js";
import type { Options } from "./options.js";
import type { Progress } from "./progress.js";

export interface Training {
  /** the loss before each step */
  losses: number[];
  seconds: number;
}

export function train(
  network: Network,
  optimizer: SGD,
  digits: Digits,
  { steps, batchSize, maximize }: Options,
  progress: Progress,
): Training {
  const losses: number[] = [];
  const start = performance.now();
  for (let step = 0; step < steps; step++) {
    const { images, labels } = digits.batch(step, batchSize);
    const loss = backward(network, forward(network, images), labels, maximize ? -1 : 1);
    optimizer.step();
    losses.push(loss);
    progress.update(step + 1, loss);
  }
  return { losses, seconds: (performance.now() - start) / 1000 };
}
