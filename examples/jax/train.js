// Gradients from jax-js: a small network learns which points lie in a circle.

import { defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { createEngine, SGD } from "sgd-wasm";

globalThis.navigator ??= {}; // Node 20 has none
await init();
defaultDevice("wasm");

// The model lives in an engine; jax-js gets a copy of it in every step.
const engine = createEngine();
const parameter = (name, shape, value) => {
  const data = Array.from({ length: shape.reduce((size, n) => size * n, 1) }, value);
  return [name, engine.parameter(shape, { name, data })];
};
const model = Object.fromEntries([
  parameter("w1", [2, 16], (_, i) => Math.sin(i + 1)),
  parameter("b1", [16], () => 0),
  parameter("w2", [16], (_, i) => Math.cos(i)),
]);
const optimizer = new SGD(Object.values(model), { lr: 0.5, momentum: 0.9 });
const arrays = () =>
  Object.fromEntries(
    Object.entries(model).map(([name, { data, shape }]) => [name, np.array(data.slice()).reshape(shape)]),
  );

// Points spread evenly over the square from -1 to 1, and whether they lie in the circle.
const points = Array.from({ length: 400 }, (_, i) => [((i * 0.7549) % 1) * 2 - 1, ((i * 0.5698) % 1) * 2 - 1]);
const inside = points.map(([x, y]) => (x * x + y * y < 0.5 ? 1 : 0));
const [x, t] = [np.array(points), np.array(inside)];

const logits = ({ w1, b1, w2 }, x) => np.matmul(np.tanh(np.matmul(x, w1).add(b1)), w2);
// Binary cross entropy of the logits z: log(1 + e^z) - t z
const loss = (parameters, x, t) => {
  const z = logits(parameters, x);
  return np.mean(nn.softplus(z.ref).sub(z.mul(t)));
};
const lossAndGradients = jit(valueAndGrad(loss));

for (let step = 0; step <= 300; step++) {
  const [value, gradients] = lossAndGradients(arrays(), x.ref, t.ref);
  for (const [name, gradient] of Object.entries(gradients)) model[name].grad = await gradient.data();
  optimizer.step();
  if (step % 100 === 0) console.log(`step ${step}: loss ${value.js().toFixed(4)}`);
  else value.dispose();
}
const right = (await logits(arrays(), x).data()).filter((z, i) => z > 0 === (inside[i] === 1)).length;
console.log(`${right} of ${points.length} points are told right`);
