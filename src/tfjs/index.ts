// SGD as an optimizer of TensorFlow.js.

import { typeName } from "../common/checks.js";
import { optimizerClass, type TorchSGD } from "./optimizer.js";
import type { TfjsOptions } from "./options.js";
import type { TensorFlow, Tf } from "./types.js";

export type { TorchSGD } from "./optimizer.js";
export type { TfjsOptions } from "./options.js";
export type { TensorFlow } from "./types.js";

/**
 * An optimizer of TensorFlow.js that computes PyTorch's SGD, with weight decay, dampening, groups and clipping:
 *
 * ```ts
 * const optimizer = sgd(tf, { lr: 0.1, momentum: 0.9, weightDecay: 5e-4, groups: [{ match: /bias/, weightDecay: 0 }] });
 * model.compile({ optimizer, loss: "categoricalCrossentropy" });
 * ```
 *
 * It is a `tf.Optimizer`: `fit`, `trainOnBatch`, `minimize`, `applyGradients`, `getWeights`, `setWeights` and `dispose` work as
 * with those of `tf.train`, and a model is saved and loaded with it, after `sgd` was called once in the program that loads.
 * On the wasm backend variables are updated in its memory, where they lie; on cpu and others by copies.
 *
 * `optimizer.sgd` is the `SGD` inside. Its state dict goes into a `.pt` file under the variables' names, and one is loaded
 * before the first step or later. Read `parameter.data` of its parameters right after a step only: tfjs moves variables.
 *
 * @param tf the module of TensorFlow.js, or of its core
 * @throws Error on the webgl and webgpu backends, whose gradients are on the GPU; TypeError and RangeError for options, as `SGD`
 */
export function sgd<TF extends TensorFlow>(tf: TF, options: TfjsOptions): InstanceType<TF["Optimizer"]> & TorchSGD {
  if (typeof tf?.Optimizer !== "function") {
    throw new TypeError(`the first argument of sgd must be the module of TensorFlow.js, got ${typeName(tf)}`);
  }
  return new (optimizerClass(tf as unknown as Tf))(options) as never;
}
