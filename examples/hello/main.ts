// A first program: it fits a line to points that lie around one.
// `npm run example:hello`

import { createEngine, SGD } from "sgd-wasm";

const xs = Array.from({ length: 50 }, (_, i) => i / 25 - 1);
const ys = xs.map((x, i) => 2 * x - 1 + (((i * 7) % 11) - 5) / 50);

const engine = createEngine();
const slope = engine.parameter(1, { name: "slope" });
const offset = engine.parameter(1, { name: "offset" });
const optimizer = new SGD([slope, offset], { lr: 0.1, momentum: 0.9 });

// Views of the engine's memory. They last, since nothing below makes another parameter.
const [a, b] = [slope.data, offset.data];
const [da, db] = [slope.ensureGrad(), offset.ensureGrad()];

for (let step = 0; step <= 200; step++) {
  let loss = 0; // the mean of squared errors
  for (const [i, x] of xs.entries()) {
    const error = a[0] * x + b[0] - ys[i];
    loss += error ** 2 / xs.length;
    da[0] += (2 * error * x) / xs.length;
    db[0] += (2 * error) / xs.length;
  }
  optimizer.step({ zeroGrad: true });
  if (step % 50 === 0) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
}
console.log(`y = ${a[0].toFixed(2)} x + ${b[0].toFixed(2)}`);
