// Two threads against one: `npx tsx bench/threads.ts [threads]`, or bundled for another Node. Prints, per number of elements,
// the medians of interleaved runs of a step with momentum and weight decay, in ns per element.

import { createEngine, type Engine, SGD } from "sgd-wasm";
import { createThreadedEngine } from "sgd-wasm/threads";

const SIZES = [1024, 2048, 4096, 8192, 16384, 65536, 262144, 1048576, 4194304, 16777216];
const ROUNDS = 31;
/** Elements in one timed run: small steps are repeated, so that the clock's resolution does not matter. */
const ELEMENTS = 2 ** 20;

const count = Number(process.argv[2] ?? 2);
const one = createEngine();
const several = await createThreadedEngine({ threads: count });

console.log(`Node ${process.versions.node}, multiply-add ${one.info.fma}, ns per element`);
console.log(`${"elements".padStart(10)} ${"1 thread".padStart(10)} ${`${count} threads`.padStart(10)} ratio`);
for (const size of SIZES) {
  const runs = [one, several].map((engine) => stepper(engine, size));
  const times: number[][] = [[], []];
  for (let round = 0; round < ROUNDS; round++) runs.forEach(({ run }, i) => void times[i].push(run()));
  const [single, shared] = times.map(median);
  const ratio = (single / shared).toFixed(2).padStart(5);
  console.log(
    `${String(size).padStart(10)} ${single.toFixed(3).padStart(10)} ${shared.toFixed(3).padStart(10)} ${ratio}`,
  );
  for (const { dispose } of runs) dispose();
}
several.dispose();

/** `run` gives nanoseconds per element. */
function stepper(engine: Engine, size: number) {
  const parameter = engine.parameter(size);
  parameter.ensureGrad().fill(1e-3);
  const optimizer = new SGD([parameter], { lr: 1e-3, momentum: 0.9, weightDecay: 1e-4 });
  const steps = Math.max(1, Math.round(ELEMENTS / size));
  const run = () => {
    const start = performance.now();
    for (let i = 0; i < steps; i++) optimizer.step();
    return ((performance.now() - start) * 1e6) / (steps * size);
  };
  run();
  return { run, dispose: () => parameter.dispose() };
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
