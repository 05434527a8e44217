// Softmax regression: PyTorch's nn.Linear(64, 10) under a cross entropy, with its gradient.

import type { Engine, Parameter } from "sgd-wasm";

const INPUTS = 64;
const CLASSES = 10;

export interface Example {
  input: number[];
  label: number;
}

export class Classifier {
  readonly parameters: [weight: Parameter<"float32">, bias: Parameter<"float32">];

  constructor(engine: Engine) {
    this.parameters = [
      engine.parameter([CLASSES, INPUTS], { name: "weight" }),
      engine.parameter(CLASSES, { name: "bias" }),
    ];
  }

  /** The probability of every class. */
  forward(input: number[]): number[] {
    const [weight, bias] = this.parameters.map(({ data }) => data);
    const scores = Array.from(bias, (b, c) => input.reduce((sum, x, i) => sum + weight[c * INPUTS + i] * x, b));
    const largest = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - largest));
    const total = powers.reduce((sum, power) => sum + power);
    return powers.map((power) => power / total);
  }

  /** Adds the gradient of the mean cross entropy to that of the parameters, and returns the mean. */
  backward(examples: Example[]): number {
    const [weight, bias] = this.parameters;
    const [dw, db] = [weight.ensureGrad(), bias.ensureGrad()];
    let loss = 0;
    for (const { input, label } of examples) {
      const probabilities = this.forward(input);
      loss -= Math.log(probabilities[label]) / examples.length;
      probabilities.forEach((probability, c) => {
        const g = (probability - (c === label ? 1 : 0)) / examples.length;
        db[c] += g;
        input.forEach((x, i) => {
          dw[c * INPUTS + i] += g * x;
        });
      });
    }
    return loss;
  }

  [Symbol.dispose](): void {
    for (const parameter of this.parameters) parameter.dispose();
  }
}

export function isInput(value: unknown): value is number[] {
  return Array.isArray(value) && value.length === INPUTS && value.every(Number.isFinite);
}

export function isExamples(value: unknown): value is Example[] {
  const isExample = (example: Partial<Example> | null) =>
    isInput(example?.input) && Number.isInteger(example.label) && example.label! >= 0 && example.label! < CLASSES;
  return Array.isArray(value) && value.length > 0 && value.every(isExample);
}
