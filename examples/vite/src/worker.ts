// Trains in a thread of its own, so that the page stays free.

import { Network } from "./network.js";
import { type Progress, type Request, SIDE } from "./protocol.js";

const RADIUS = 0.7;
const network = new Network();
// Spread evenly over the square from -1 to 1.
const points = Array.from({ length: 400 }, (_, i): [number, number] => [
  ((i * 0.7549) % 1) * 2 - 1,
  ((i * 0.5698) % 1) * 2 - 1,
]);
let step = 0;

addEventListener("message", ({ data: { steps, lr, center } }: MessageEvent<Request>) => {
  const inside = points.map(([x, y]) => Math.hypot(x - center[0], y - center[1]) < RADIUS);
  let loss = 0;
  for (const end = step + steps; step < end; step++) loss = network.train(points, inside, lr);
  const progress: Progress = { step, loss, picture: draw() };
  postMessage(progress, { transfer: [progress.picture.buffer] });
});

function draw(): Progress["picture"] {
  const at = (pixel: number) => (2 * pixel + 1) / SIDE - 1;
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
    return network.forward(at(i % SIDE), at(Math.floor(i / SIDE))).probability;
  });
}
