// Two layers with tanh between them, and the gradient of their cross entropy: examples/by-hand, as a class.

import { createEngine, SGD } from "sgd-wasm";

const HIDDEN = 16;

export class Network {
  readonly #engine = createEngine();
  readonly #w1 = this.#engine.parameter([2, HIDDEN], {
    data: Array.from({ length: 2 * HIDDEN }, (_, i) => Math.sin(i + 1)),
  });
  readonly #b1 = this.#engine.parameter(HIDDEN);
  readonly #w2 = this.#engine.parameter(HIDDEN, { data: Array.from({ length: HIDDEN }, (_, i) => Math.cos(i)) });
  readonly #optimizer = new SGD([this.#w1, this.#b1, this.#w2], { lr: 0.5, momentum: 0.9 });

  /** The probability that a point lies in the circle, and the hidden values that it comes from. */
  forward(x: number, y: number): { probability: number; hidden: number[] } {
    const [w1, b1, w2] = [this.#w1.data, this.#b1.data, this.#w2.data];
    const hidden = Array.from(b1, (b, j) => Math.tanh(x * w1[j] + y * w1[HIDDEN + j] + b));
    const logit = hidden.reduce((sum, h, j) => sum + h * w2[j], 0);
    return { probability: 1 / (1 + Math.exp(-logit)), hidden };
  }

  /** One step on all points; returns the mean cross entropy before it. */
  train(points: [x: number, y: number][], inside: boolean[], lr: number): number {
    const [dw1, db1, dw2, w2] = [this.#w1.ensureGrad(), this.#b1.ensureGrad(), this.#w2.ensureGrad(), this.#w2.data];
    let loss = 0;
    for (const [i, [x, y]] of points.entries()) {
      const { probability, hidden } = this.forward(x, y);
      loss -= Math.log(inside[i] ? probability : 1 - probability) / points.length;
      const dLogit = (probability - Number(inside[i])) / points.length;
      for (const [j, h] of hidden.entries()) {
        const dSum = dLogit * w2[j] * (1 - h * h); // tanh' = 1 - tanh²
        dw2[j] += dLogit * h;
        db1[j] += dSum;
        dw1[j] += dSum * x;
        dw1[HIDDEN + j] += dSum * y;
      }
    }
    for (const group of this.#optimizer.paramGroups) group.lr = lr;
    this.#optimizer.step({ maxGradNorm: 1, zeroGrad: true });
    return loss;
  }
}
