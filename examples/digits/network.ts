// A network of two dense layers with tanh between them, forward and backward, written plainly.
//
// Sums run in float64 and are rounded once, when they are stored in an array of the network's element type.

import type { Engine, Parameter } from "sgd-wasm";
import { exp, log, tanh } from "./math.js";
import type { Precision } from "./precision.js";
import { mulberry32, values } from "./random.js";

export type FloatArray = Float32Array | Float64Array;

/** output = weight · input + bias, weight of shape [outputs, inputs] */
interface Dense {
  weight: Parameter;
  bias: Parameter;
}

export interface Network {
  hidden: Dense;
  output: Dense;
  /** all of the above, as an optimizer wants them */
  parameters: Parameter[];
}

const INITIAL_SCALE = 0.5;

/** A network with the given numbers of inputs, hidden units and outputs; `seed` decides its initial values. */
export function createNetwork(
  engine: Engine,
  sizes: readonly [number, number, number],
  dtype: Precision,
  seed: number,
) {
  const random = mulberry32(seed);
  const parameter = (name: string, ...shape: number[]) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return engine.parameter(shape, { name, dtype, data: values(random, size, dtype, INITIAL_SCALE) });
  };
  const [inputs, units, outputs] = sizes;
  const hidden = { weight: parameter("hidden.weight", units, inputs), bias: parameter("hidden.bias", units) };
  const output = { weight: parameter("output.weight", outputs, units), bias: parameter("output.bias", outputs) };
  const network: Network = { hidden, output, parameters: [hidden.weight, hidden.bias, output.weight, output.bias] };
  return network;
}

/** The activations of a forward pass, one row per image: backward needs all of them. */
export interface Activations {
  input: FloatArray;
  hidden: FloatArray;
  logits: FloatArray;
}

export function forward(network: Network, input: FloatArray): Activations {
  const hidden = dense(network.hidden, input).map(tanh);
  return { input, hidden, logits: dense(network.output, hidden) };
}

/**
 * Writes the gradient of `objective` times the mean cross entropy (1, or -1 for the log-likelihood, which is maximized) into
 * the parameters, and returns the mean cross entropy.
 */
export function backward(
  network: Network,
  { input, hidden, logits }: Activations,
  labels: Uint8Array,
  objective: 1 | -1,
) {
  const { loss, gradient } = crossEntropy(logits, labels, objective);
  denseBackward(network.output, hidden, gradient);
  // tanh' = 1 - tanh²
  const hiddenGradient = inputGradient(network.output, gradient, labels.length).map((g, i) => g * (1 - hidden[i] ** 2));
  denseBackward(network.hidden, input, hiddenGradient);
  return loss;
}

/** How many rows have their largest logit at their label. */
export function countCorrect(logits: FloatArray, labels: Uint8Array): number {
  const classes = logits.length / labels.length;
  return labels.reduce((correct, label, row) => {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    return correct + (scores.indexOf(Math.max(...scores)) === label ? 1 : 0);
  }, 0);
}

function dense({ weight, bias }: Dense, input: FloatArray): FloatArray {
  const [outputs, inputs] = weight.shape;
  const [w, b] = [weight.data, bias.data];
  const rows = input.length / inputs;
  const result = zerosLike(w, rows * outputs);
  for (let row = 0; row < rows; row++) {
    for (let o = 0; o < outputs; o++) {
      let sum = b[o];
      for (let i = 0; i < inputs; i++) sum += w[o * inputs + i] * input[row * inputs + i];
      result[row * outputs + o] = sum;
    }
  }
  return result;
}

/** Writes the gradients of weight and bias, given the gradient of the layer's output. */
function denseBackward({ weight, bias }: Dense, input: FloatArray, gradient: FloatArray): void {
  const [outputs, inputs] = weight.shape;
  const rows = input.length / inputs;
  const [dw, db] = [weight.ensureGrad(), bias.ensureGrad()];
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += gradient[row * outputs + o] * input[row * inputs + i];
      dw[o * inputs + i] = sum;
    }
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += gradient[row * outputs + o];
    db[o] = sum;
  }
}

/** The gradient of the layer's input, given that of its output. */
function inputGradient({ weight }: Dense, gradient: FloatArray, rows: number): FloatArray {
  const [outputs, inputs] = weight.shape;
  const w = weight.data;
  const result = zerosLike(w, rows * inputs);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let o = 0; o < outputs; o++) sum += gradient[row * outputs + o] * w[o * inputs + i];
      result[row * inputs + i] = sum;
    }
  }
  return result;
}

/** Mean cross entropy of softmax(logits), and its gradient: (softmax - one at the label) / rows. */
function crossEntropy(logits: FloatArray, labels: Uint8Array, objective: 1 | -1) {
  const rows = labels.length;
  const classes = logits.length / rows;
  const gradient = zerosLike(logits, logits.length);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    // Relative to the largest, so that no exponential overflows.
    const largest = Math.max(...scores);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += exp(scores[c] - largest);
    const logSum = largest + log(sum);
    loss += logSum - scores[labels[row]];
    for (let c = 0; c < classes; c++) {
      const probability = exp(scores[c] - largest) / sum;
      gradient[row * classes + c] = (objective * (probability - (c === labels[row] ? 1 : 0))) / rows;
    }
  }
  return { loss: loss / rows, gradient };
}

function zerosLike(array: FloatArray, length: number): FloatArray {
  return array instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}
