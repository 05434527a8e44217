// The rule of torch.optim.SGD for one element, written for reading, in float64.

import { samplePoints, seeded, type Workload } from "./workload.js";

/** What the samples are after so many steps. */
export function expectedSample(workload: Workload, steps: number): number[] {
  return samplePoints(workload.sizes).map(({ tensor, index }) =>
    train(seeded(2 * tensor, index), seeded(2 * tensor + 1, index), workload, steps),
  );
}

function train(parameter: number, gradient: number, options: Workload, steps: number): number {
  const { lr, momentum, dampening, weightDecay, nesterov } = options;
  let p = parameter;
  let b = 0;
  for (let step = 0; step < steps; step++) {
    let d = gradient + weightDecay * p;
    if (momentum !== 0) {
      b = step === 0 ? d : momentum * b + (1 - dampening) * d;
      d = nesterov ? d + momentum * b : b;
    }
    p -= lr * d;
  }
  return p;
}

/** @throws Error when a sample is further from the expected than rounding explains */
export function checkSample(name: string, workload: Workload, sample: readonly number[], steps: number): void {
  const expected = expectedSample(workload, steps);
  const tolerance = (workload.dtype === "float32" ? 2 ** -24 : 2 ** -53) * 4 * steps;
  if (sample.length !== expected.length) {
    throw new Error(`${name}: ${sample.length} samples instead of ${expected.length}`);
  }
  for (const [i, value] of sample.entries()) {
    if (Math.abs(value - expected[i]) <= tolerance) continue;
    const { tensor, index } = samplePoints(workload.sizes)[i];
    throw new Error(`${name} computes ${value} instead of ${expected[i]} for element ${index} of tensor ${tensor}`);
  }
}
