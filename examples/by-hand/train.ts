// Gradients by hand: a small network learns which points lie in a circle. `npm run example:by-hand`

import { createEngine, SGD } from "sgd-wasm";

const HIDDEN = 16;
const engine = createEngine();
const w1 = engine.parameter([2, HIDDEN], { data: Array.from({ length: 2 * HIDDEN }, (_, i) => Math.sin(i + 1)) });
const b1 = engine.parameter(HIDDEN);
const w2 = engine.parameter(HIDDEN, { data: Array.from({ length: HIDDEN }, (_, i) => Math.cos(i)) });
const optimizer = new SGD([w1, b1, w2], { lr: 0.5, momentum: 0.9 });

// Points spread evenly over the square from -1 to 1, and whether they lie in the circle.
const points = Array.from({ length: 400 }, (_, i) => [((i * 0.7549) % 1) * 2 - 1, ((i * 0.5698) % 1) * 2 - 1]);
const inside = points.map(([x, y]) => (x * x + y * y < 0.5 ? 1 : 0));

/** tanh(point · w1 + b1), and the logit: that times w2. */
function forward([x, y]: number[]) {
  const hidden = Array.from(b1.data, (b, j) => Math.tanh(x * w1.data[j] + y * w1.data[HIDDEN + j] + b));
  return { hidden, logit: hidden.reduce((sum, h, j) => sum + h * w2.data[j], 0) };
}

/** Adds the gradient of the mean cross entropy to what is in the parameters, and returns the mean. */
function backward(): number {
  const [dw1, db1, dw2] = [w1.ensureGrad(), b1.ensureGrad(), w2.ensureGrad()];
  let loss = 0;
  points.forEach(([x, y], i) => {
    const { hidden, logit } = forward([x, y]);
    loss += (Math.log(1 + Math.exp(logit)) - inside[i] * logit) / points.length;
    const dLogit = (1 / (1 + Math.exp(-logit)) - inside[i]) / points.length;
    hidden.forEach((h, j) => {
      const dSum = dLogit * w2.data[j] * (1 - h * h); // tanh' = 1 - tanh²
      dw2[j] += dLogit * h;
      db1[j] += dSum;
      dw1[j] += dSum * x;
      dw1[HIDDEN + j] += dSum * y;
    });
  });
  return loss;
}

for (let step = 0; step <= 300; step++) {
  optimizer.zeroGrad();
  const loss = backward();
  optimizer.step();
  if (step % 100 === 0) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
}
const right = points.filter((point, i) => forward(point).logit > 0 === (inside[i] === 1)).length;
console.log(`${right} of ${points.length} points are told right`);
