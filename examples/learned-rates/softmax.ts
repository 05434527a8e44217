// Softmax regression: logits = weights · pixels + bias, trained by cross entropy. Its loss is convex, and the product of its
// Hessian with a vector is short enough to be written by hand.
//
// The weights of a class are one row: PIXELS of them and then the bias, as the weight of an input that is always 1.

import { type Batch, CLASSES, PIXELS } from "../digits/data.js";
import { exp, log } from "../digits/math.js";
import type { FloatArray } from "../digits/network.js";

const COLUMNS = PIXELS + 1;
export const WEIGHTS_SHAPE = [CLASSES, COLUMNS] as const;

/** The mean cross entropy of the batch. */
export function meanLoss(weights: FloatArray, batch: Batch): number {
  const { labels } = batch;
  let sum = 0;
  for (let row = 0; row < labels.length; row++) {
    const scores = logits(weights, batch, row);
    sum += logSumExp(scores) - scores[labels[row]];
  }
  return sum / labels.length;
}

/** The derivative of the mean loss with respect to the weights: the mean over all rows of (p - one at the label) ⊗ input. */
export function gradient(weights: FloatArray, batch: Batch): Float64Array {
  const result = new Float64Array(weights.length);
  for (let row = 0; row < batch.labels.length; row++) {
    const error = probabilities(logits(weights, batch, row));
    error[batch.labels[row]] -= 1;
    addOuterProduct(result, error, batch, row);
  }
  return result;
}

/**
 * H · direction, where H is the matrix of second derivatives of the mean loss at `weights`: how the gradient changes when
 * the weights move along `direction`. Differentiating (p - one at the label) ⊗ input along the direction leaves p', and with
 * z' = direction · input as the change of the logits, softmax gives p' = p ∘ (z' - Σ p z').
 */
export function hessianTimes(weights: FloatArray, direction: FloatArray, batch: Batch): Float64Array {
  const result = new Float64Array(weights.length);
  for (let row = 0; row < batch.labels.length; row++) {
    const p = probabilities(logits(weights, batch, row));
    const change = logits(direction, batch, row);
    let mean = 0;
    for (let c = 0; c < CLASSES; c++) mean += p[c] * change[c];
    for (let c = 0; c < CLASSES; c++) p[c] *= change[c] - mean;
    addOuterProduct(result, p, batch, row);
  }
  return result;
}

function logits(weights: FloatArray, { images }: Batch, row: number): Float64Array {
  const scores = new Float64Array(CLASSES);
  for (let c = 0; c < CLASSES; c++) {
    let sum = weights[c * COLUMNS + PIXELS];
    for (let i = 0; i < PIXELS; i++) sum += weights[c * COLUMNS + i] * images[row * PIXELS + i];
    scores[c] = sum;
  }
  return scores;
}

function logSumExp(scores: Float64Array): number {
  const largest = Math.max(...scores);
  let sum = 0;
  for (const score of scores) sum += exp(score - largest);
  return largest + log(sum);
}

/** Softmax, in place. */
function probabilities(scores: Float64Array): Float64Array {
  const total = logSumExp(scores);
  for (let c = 0; c < CLASSES; c++) scores[c] = exp(scores[c] - total);
  return scores;
}

/** result += factors ⊗ (the row's pixels, and 1) / rows */
function addOuterProduct(result: Float64Array, factors: Float64Array, { images, labels }: Batch, row: number): void {
  for (let c = 0; c < CLASSES; c++) {
    const factor = factors[c] / labels.length;
    for (let i = 0; i < PIXELS; i++) result[c * COLUMNS + i] += factor * images[row * PIXELS + i];
    result[c * COLUMNS + PIXELS] += factor;
  }
}
