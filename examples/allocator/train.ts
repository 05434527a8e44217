// sgd-wasm in the memory of another WebAssembly program, which computes the gradients: nothing is copied.
// `npm run example:allocator`

import { readFileSync } from "node:fs";
import { createEngine, SGD } from "sgd-wasm";

/** What the program exports: see network.ts. */
interface Program {
  memory: WebAssembly.Memory;
  alloc(byteLength: number, alignment: number): number;
  dealloc(address: number, byteLength: number, alignment: number): void;
  weightsAddress(): number;
  gradientsAddress(): number;
  backward(): number;
  countRight(): number;
}

const module = new WebAssembly.Module(readFileSync("out/network.wasm"));
const { exports } = new WebAssembly.Instance(module, { env: { abort: () => {} } });
const program = exports as unknown as Program;

// The optimizer's own memory, its momentum, comes from the program's allocator as well.
const engine = createEngine({
  memory: program.memory,
  allocate: (byteLength) => program.alloc(byteLength, 16),
  free: (address, byteLength) => program.dealloc(address, byteLength, 16),
});
const weights = engine.parameter(64, { address: program.weightsAddress(), gradAddress: program.gradientsAddress() });
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
  if (step % 50 === 0) program.alloc(8 * 1024 * 1024, 16);
}
console.log(`${program.countRight()} of 400 points are told right`);
engine.dispose();
