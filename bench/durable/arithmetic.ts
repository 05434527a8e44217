// What of a step is arithmetic: the same work on memory alone, without rows, requests and objects.

import type { RunConfig } from "../../src/durable/config.js";
import { layoutOf } from "../../src/durable/layout.js";
import { Resident } from "../../src/durable/resident.js";

const STEPS = 20;

/** Shortest time of adding a gradient, its norm and a step with momentum, in nanoseconds a parameter. */
export function measureArithmetic(elements: number): number {
  const parameters = [{ name: null, dtype: "float32", shape: [elements] }];
  const [{ rows }] = layoutOf({
    parameters,
    groups: [{ params: [0] }],
    elementsPerShard: elements,
  } as unknown as RunConfig);
  const options = { momentum: 0.9, dampening: 0, weightDecay: 0, nesterov: false, maximize: false };
  const resident = new Resident({ rows, groups: [options], rounding: "fused" });
  const gradients = rows.map((row) => new Uint8Array(new Float32Array(row.elements).fill(0.01).buffer));
  let best = Number.POSITIVE_INFINITY;
  for (let step = 0; step < STEPS; step++) {
    const start = performance.now();
    gradients.forEach((gradient, row) => {
      resident.add(row, gradient, true);
    });
    resident.sumsOfSquares(1);
    resident.step([0.1], 1, 0.5);
    best = Math.min(best, performance.now() - start);
  }
  return (best * 1e6) / elements;
}
