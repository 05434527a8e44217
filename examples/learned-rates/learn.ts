// The outer loop: Adam on the two numbers that the rates are made of. It ends in a minimum near the rates it began with: the
// validation loss of so short a run has several.

import { fromRates, type Hyperparameters, hypergradient, type Problem, toRates } from "./unrolled.js";

/** One training run: its rates, the validation loss it ended with, and the hypergradient there. */
export interface Iteration {
  lr: number;
  momentum: number;
  loss: number;
  slope: Hyperparameters;
}

/** Yields the training runs one after the other, the first with the rates given. */
export function* learnRates(
  problem: Problem,
  { lr, momentum, iterations }: { lr: number; momentum: number; iterations: number },
): Generator<Iteration> {
  const numbers = fromRates(lr, momentum);
  const adam = { logReach: new Adam(), logitMomentum: new Adam() };
  for (let i = 0; i < iterations; i++) {
    const { loss, ...slope } = hypergradient(problem, numbers);
    yield { ...toRates(numbers), loss, slope };
    const stepSize = STEP_SIZE * (1 - i / iterations);
    numbers.logReach -= stepSize * adam.logReach.direction(slope.logReach);
    numbers.logitMomentum -= stepSize * adam.logitMomentum.direction(slope.logitMomentum);
  }
}

const STEP_SIZE = 0.5;

/**
 * Adam (Kingma and Ba, 2015) for one number: the mean of the slopes by the root of the mean of their squares, so that a step
 * has about the same length wherever it starts. From bad rates the slopes grow by many powers of ten on the way to good ones.
 */
class Adam {
  readonly #decay = { mean: 0.5, square: 0.9 };
  #mean = 0;
  #square = 0;
  /** what is left of the zeros that the two averages began with */
  #zeros = { mean: 1, square: 1 };

  direction(slope: number): number {
    const { mean, square } = this.#decay;
    this.#mean = mean * this.#mean + (1 - mean) * slope;
    this.#square = square * this.#square + (1 - square) * slope * slope;
    this.#zeros.mean *= mean;
    this.#zeros.square *= square;
    const size = Math.sqrt(this.#square / (1 - this.#zeros.square));
    return size === 0 ? 0 : this.#mean / (1 - this.#zeros.mean) / size;
  }
}
