// A step of the kernel without the host: a memory of one's own, addresses, and one call.
//
//   npm run example:kernel

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { instantiateSync } from "@assemblyscript/loader";

interface Kernel extends Record<string, unknown> {
  /** scalars: -lr, weight decay, momentum, 1 - dampening, and two factors, which are not used here */
  sgd_f32(flags: number, p: number, g: number, b: number, n: number, ...scalars: number[]): void;
}

const [MOMENTUM, FIRST] = [1, 16];
const N = 1000;

const memory = new WebAssembly.Memory({ initial: 1 });
const bytes = readFileSync(fileURLToPath(import.meta.resolve("sgd-wasm/kernel.wasm")));
const { exports: kernel } = instantiateSync<Kernel>(bytes, { env: { memory } });

// Three arrays, one after the other: parameters, gradients, momentum.
const [p, g, b] = [0, 1, 2].map((i) => 1024 + i * N * 4);
const parameters = new Float32Array(memory.buffer, p, N).fill(1);
const gradients = new Float32Array(memory.buffer, g, N);

// The loss is Σ (p - 3)² / 2.
for (let step = 0; step < 200; step++) {
  for (let i = 0; i < N; i++) gradients[i] = parameters[i] - 3;
  kernel.sgd_f32(step === 0 ? MOMENTUM | FIRST : MOMENTUM, p, g, b, N, -0.1, 0, 0.9, 1, 1, 1);
}
console.log(`after 200 steps: ${parameters[0].toFixed(4)}, expected 3`);
