// The loop that one would write in JavaScript, with care: every element is read once. Reading them from the arrays again takes up
// to three times as long, depending on what the engine's compiler makes of it.

import { now } from "../support/clock.js";
import { type Contender, fill, sampleOf } from "./workload.js";

type FloatArray = Float32Array | Float64Array;

export const javascript: Contender = {
  name: "JavaScript",
  version: process.version,
  async prepare({ sizes, dtype, lr, momentum, dampening, weightDecay, nesterov }) {
    if (momentum === 0 || dampening !== 0 || nesterov) return null;
    const ArrayType = dtype === "float32" ? Float32Array : Float64Array;
    const tensors = sizes.map((size, t) => {
      const [p, g, b] = [new ArrayType(size), new ArrayType(size), new ArrayType(size)];
      fill(p, 2 * t);
      fill(g, 2 * t + 1);
      return { p, g, b };
    });
    return {
      run(steps) {
        const start = now();
        for (let i = 0; i < steps; i++) {
          for (const { p, g, b } of tensors) update(p, g, b, lr, momentum, weightDecay);
        }
        return now() - start;
      },
      sample: () => sampleOf(sizes, (t) => tensors[t].p),
      dispose() {},
    };
  },
};

function update(p: FloatArray, g: FloatArray, b: FloatArray, lr: number, momentum: number, weightDecay: number): void {
  const n = p.length;
  for (let i = 0; i < n; i++) {
    const parameter = p[i];
    const velocity = momentum * b[i] + (g[i] + weightDecay * parameter);
    b[i] = velocity;
    p[i] = parameter - lr * velocity;
  }
}
