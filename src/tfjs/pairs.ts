// What `applyGradients` is given: variables by name, and their gradients.

import type { Tensor, Tf, Variable } from "./types.js";

export type Gradients = readonly { name: string; tensor: Tensor | null }[] | Readonly<Record<string, Tensor | null>>;

/** A variable and its gradient, null for none. */
export type Pair = readonly [variable: Variable, gradient: Tensor | null];

/** To be called in a `tf.tidy`. @throws Error for a variable that is not there or comes twice, TypeError for a gradient that does not fit */
export function pairsOf(tf: Tf, gradients: Gradients): Pair[] {
  const { registeredVariables } = tf.engine();
  const seen = new Set<string>();
  const named = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => [name, tensor] as const)
    : Object.entries(gradients);
  return named.map(([name, tensor]): Pair => {
    const variable = registeredVariables[name];
    if (!variable) throw new Error(`tfjs has no variable ${name}`);
    if (seen.has(name)) throw new Error(`${name} has two gradients in one step`);
    seen.add(name);
    if (tensor) checkGradient(variable, tensor);
    // A variable may change in this step: its clone does not.
    return [variable, tensor && "trainable" in tensor ? tf.clone(tensor) : (tensor ?? null)];
  });
}

function checkGradient(variable: Variable, gradient: Tensor): void {
  if (gradient.isDisposed) throw new Error(`the gradient of ${variable.name} was disposed`);
  const [expected, got] = [variable, gradient].map(({ dtype, shape }) => `${dtype} [${shape}]`);
  if (expected !== got || variable.dtype !== "float32") {
    throw new TypeError(`${variable.name} is ${expected}, its gradient ${got}: float32 of one shape is trained`);
  }
}
