// What all workers agree on: the network, the run, and which images of a batch belong to which rank.

import { createEngine } from "sgd-wasm";
import type { RunOptions } from "sgd-wasm/durable";
import type { Batch, Digits } from "../digits/data.js";
import { backward, createNetwork, forward, type Network } from "../digits/network.js";

export const RUN = "digits";
export const WORKERS = 3;
export const STEPS = 80;
const PART = 20;

export const OPTIONS = {
  lr: [...Array(40).fill(0.2), 0.1],
  momentum: 0.9,
  weightDecay: 1e-4,
  maxGradNorm: 2,
  workers: WORKERS,
  elementsPerShard: 1_000,
} satisfies RunOptions;

export const DTYPE = "float32";

export function newNetwork(): Network {
  return createNetwork(createEngine(), [64, 24, 10], DTYPE, 1);
}

/** The images that a rank has in a step. */
function partOf(digits: Digits, step: number, rank: number): Batch {
  const { images, labels } = digits.batch(step, WORKERS * PART);
  const pixels = images.length / labels.length;
  const [start, end] = [rank * PART, (rank + 1) * PART];
  return { images: images.subarray(start * pixels, end * pixels), labels: labels.subarray(start, end) };
}

/** Writes the gradient of a rank at a step into the network. Returns the loss of its part of the batch. */
export function computeGradients(network: Network, digits: Digits, step: number, rank: number): number {
  const { images, labels } = partOf(digits, step, rank);
  return backward(network, forward(network, images), labels, 1);
}
