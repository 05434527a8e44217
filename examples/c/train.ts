// sgd-wasm in the memory of a C program, which writes the gradients: nothing is copied.
// `npm run example:c`

import { readFileSync } from "node:fs";
import { createEngine, SGD } from "sgd-wasm";

/** What network.c exports. */
interface Program {
  memory: WebAssembly.Memory;
  _initialize(): void;
  allocate(byteLength: number): number;
  release(address: number): void;
  weights(): number;
  gradients(): number;
  backward(): number;
  count_right(): number;
}

const module = new WebAssembly.Module(readFileSync("out/network-c.wasm"));
const program = new WebAssembly.Instance(module).exports as unknown as Program;
program._initialize();

const engine = createEngine({ memory: program.memory, allocate: program.allocate, free: program.release });
const weights = engine.parameter(64, { address: program.weights(), gradAddress: program.gradients() });
weights.data.set(Array.from({ length: 32 }, (_, i) => Math.sin(i + 1)));
weights.data.set(
  Array.from({ length: 16 }, (_, i) => Math.cos(i)),
  48,
);
const optimizer = new SGD([weights], { lr: 0.5, momentum: 0.9 });

for (let step = 0; step <= 300; step++) {
  const loss = program.backward();
  optimizer.step();
  if (step % 100 === 0) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
  // The program may grow its memory at any time.
  if (step % 50 === 0) program.allocate(8 * 1024 * 1024);
}
console.log(`${program.count_right()} of 400 points are told right`);
engine.dispose();
