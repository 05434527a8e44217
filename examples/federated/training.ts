// What one worker does, in Node and in a page: pulls, computes the gradient of its images, pushes.

import type { ParameterClient } from "sgd-wasm/durable";
import type { Digits } from "../digits/data.js";
import { computeGradients, newNetwork, STEPS } from "./model.js";

/** A step whose gradient a worker has pushed. */
export interface Progress {
  rank: number;
  step: number;
  /** of its part of the batch */
  loss: number;
}

export async function* trainTogether(client: ParameterClient, digits: Digits): AsyncGenerator<Progress> {
  const network = newNetwork();
  const { rank } = await client.join();
  for (let step = await client.pull(network.parameters); step < STEPS; step = await client.next(step)) {
    await client.pull(network.parameters, { step });
    const loss = computeGradients(network, digits, step, rank);
    await client.push(network.parameters, { step });
    yield { rank, step, loss };
  }
}
