// A whole training run as one function of the learning rate and the momentum, and its derivative.

import { type Engine, SGD } from "sgd-wasm";
import type { Batch } from "../digits/data.js";
import { exp, log } from "../digits/math.js";
import { gradient, hessianTimes, meanLoss, WEIGHTS_SHAPE } from "./softmax.js";

/**
 * What is learned: two numbers without bounds, for a learning rate above 0 and a momentum between 0 and 1.
 *
 * With momentum m a gradient acts in many steps, in the end with a weight of lr / (1 - m). That is the reach. Its
 * logarithm is learned rather than that of lr, because lr and m pull the loss in the same direction, reach and m do not.
 */
export interface Hyperparameters {
  logReach: number;
  logitMomentum: number;
}

export interface Problem {
  engine: Engine;
  training: Batch;
  validation: Batch;
  /** how many steps a training run has */
  steps: number;
}

export function fromRates(lr: number, momentum: number): Hyperparameters {
  return { logReach: log(lr / (1 - momentum)), logitMomentum: log(momentum / (1 - momentum)) };
}

export function toRates({ logReach, logitMomentum }: Hyperparameters): { lr: number; momentum: number } {
  const momentum = 1 / (1 + exp(-logitMomentum));
  return { lr: exp(logReach) * (1 - momentum), momentum };
}

/** The validation loss after training with these rates. */
export function trainedLoss(problem: Problem, hyperparameters: Hyperparameters): number {
  using run = train(problem, hyperparameters, false);
  return meanLoss(run.weights.data, problem.validation);
}

/** The validation loss after training, and its derivative with respect to the two numbers: the hypergradient. */
export function hypergradient(problem: Problem, hyperparameters: Hyperparameters) {
  using run = train(problem, hyperparameters, true);
  const { weights, optimizer, visited } = run;
  const loss = meanLoss(weights.data, problem.validation);

  // Backwards through the run. A step made (weights', buffer') of (weights, gradient, buffer, lr, momentum); c and cBuffer are
  // the derivatives of the loss with respect to weights' and buffer'.
  let c = gradient(weights.data, problem.validation);
  let cBuffer: Float64Array | null = null;
  const sums = { lr: 0, momentum: 0 };
  for (const before of visited.reverse()) {
    const back = optimizer.backward({ params: [c], momentumBuffers: [cBuffer] });
    sums.lr += back.groups[0].lr;
    sums.momentum += back.groups[0].momentum;
    // The weights went into the step twice: directly, which back.params accounts for, and through the gradient, which was a
    // function of them. Its derivative is the Hessian H at these weights, so that path adds Hᵀ · back.grads = H · back.grads.
    // torch.autograd adds the same when the training gradients are made with create_graph=True. Without it, the
    // result would be that of a run whose gradients stay what they are whatever the weights do.
    const throughGradient = hessianTimes(before, back.grads[0]!, problem.training);
    c = back.params[0].map((direct, i) => direct + throughGradient[i]) as Float64Array;
    // null at the first step, which made the buffer.
    cBuffer = back.momentumBuffers[0] as Float64Array | null;
  }

  // From the rates to the two numbers. lr = reach (1 - m), so d lr / d log reach = lr, and as dm / d logit = m (1 - m),
  // d lr / d logit = -lr m.
  const { lr, momentum } = toRates(hyperparameters);
  return {
    loss,
    logReach: sums.lr * lr,
    logitMomentum: sums.momentum * momentum * (1 - momentum) - sums.lr * lr * momentum,
  };
}

/** The hypergradient by central differences: four more training runs, and fewer correct digits. */
export function finiteDifferences(problem: Problem, { logReach, logitMomentum }: Hyperparameters) {
  const h = 1e-4;
  const loss = (reachShift: number, momentumShift: number) =>
    trainedLoss(problem, { logReach: logReach + reachShift, logitMomentum: logitMomentum + momentumShift });
  return {
    logReach: (loss(h, 0) - loss(-h, 0)) / (2 * h),
    logitMomentum: (loss(0, h) - loss(0, -h)) / (2 * h),
  };
}

/** Trains from zeros, on the whole training batch at every step. `visited`: the weights before each step, if recorded. */
function train({ engine, training, steps }: Problem, hyperparameters: Hyperparameters, record: boolean) {
  const weights = engine.parameter(WEIGHTS_SHAPE, { dtype: "float64" });
  const optimizer = new SGD([weights], { ...toRates(hyperparameters), differentiable: record });
  const visited: Float64Array[] = [];
  for (let step = 0; step < steps; step++) {
    if (record) visited.push(Float64Array.from(weights.data));
    weights.grad = gradient(weights.data, training);
    optimizer.step();
  }
  return {
    weights,
    optimizer,
    visited,
    [Symbol.dispose]() {
      optimizer.dispose();
      weights.dispose();
    },
  };
}
