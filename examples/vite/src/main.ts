// The page: asks the worker for a few steps at a time, and shows what it has learned.

import { type Progress, type Request, SIDE } from "./protocol.js";

const STEPS = 5;
const canvas = document.querySelector("canvas")!;
const output = document.querySelector("output")!;
const rate = document.querySelector("input")!;
const context = canvas.getContext("2d")!;
const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
let center: Request["center"] = [0, 0];

canvas.onclick = ({ offsetX, offsetY }) => {
  center = [(2 * offsetX) / canvas.clientWidth - 1, (2 * offsetY) / canvas.clientHeight - 1];
};
worker.onerror = ({ message }) => {
  output.textContent = message;
};
worker.onmessage = ({ data }: MessageEvent<Progress>) => {
  output.textContent = `step ${data.step}: loss ${data.loss.toFixed(4)}`;
  paint(data.picture);
  requestAnimationFrame(ask);
};
ask();

function ask(): void {
  worker.postMessage({ steps: STEPS, lr: 10 ** rate.valueAsNumber, center } satisfies Request);
}

/** Blue where the network says inside, orange where it says outside. */
function paint(picture: Float32Array): void {
  const image = context.createImageData(SIDE, SIDE);
  for (const [i, p] of picture.entries()) image.data.set([240 - 190 * p, 150 - 30 * p, 60 + 170 * p, 255], 4 * i);
  context.putImageData(image, 0, 0);
}
