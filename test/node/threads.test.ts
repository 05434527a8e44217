// Threads and the life of a process: what keeps one from ending, and what the death of a thread does.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("threads in a process");

/** Runs a program where the package is installed. */
function run(name: string, program: string) {
  const file = join(process.cwd(), `threads-${name}.mjs`);
  const imports = `import { SGD } from "sgd-wasm";\nimport { createThreadedEngine, threadsAvailable } from "sgd-wasm/threads";\n`;
  writeFileSync(file, imports + program);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8", timeout: 60_000 });
  return { status, output: stdout.trim(), errors: stderr };
}

const STEP = `
const parameter = engine.parameter(100000);
parameter.ensureGrad().fill(1);
const optimizer = new SGD([parameter], { lr: 0.5 });
optimizer.step();
`;

test("a process ends after dispose()", () => {
  const program = `const engine = await createThreadedEngine({ threads: 3 });${STEP}
engine.dispose();
console.log("done", engine.info.threads);`;
  assert.equal(run("dispose", program), { status: 0, output: "done 3", errors: "" });
});

test("a process ends without dispose()", () => {
  const program = `const engine = await createThreadedEngine({ threads: 3 });${STEP}
console.log("done", parameter.data[99999]);`;
  assert.equal(run("forgotten", program), { status: 0, output: "done -0.5", errors: "" });
});

/** Keeps hold of the threads that an engine starts. */
const CAUGHT = `
import workerThreads from "node:worker_threads";
import { syncBuiltinESMExports } from "node:module";
const threads = [];
workerThreads.Worker = class extends workerThreads.Worker {
  constructor(...args) { super(...args); threads.push(this); }
};
syncBuiltinESMExports();
`;

test("a thread that is terminated is an error at the next step, for good", () => {
  const program = `${CAUGHT}
const engine = await createThreadedEngine({ threads: 3 });${STEP}
await threads[1].terminate();
for (let i = 0; i < 2; i++) {
  try { optimizer.step(); } catch (error) { console.log(error.message.split(":")[0]); }
}
engine.dispose();`;
  const { status, output, errors } = run("terminated", program);
  assert.is(errors, "");
  assert.match(
    output,
    /^thread (1|2) has died \(it ended with code 1\)\nthread (1|2) has died \(it ended with code 1\)$/,
  );
  assert.is(status, 0);
});

test("a norm of float64 that takes more than one pass reads every element", () => {
  // A pass of the threads has at most 256 runs of 65,536 elements.
  const program = `import { clipGradNorm } from "sgd-wasm";
const engine = await createThreadedEngine({ threads: 2 });
const parameter = engine.parameter(65536 * 256 + 10, { dtype: "float64" });
parameter.ensureGrad()[65536 * 256 + 9] = 3;
console.log(clipGradNorm([parameter], 10));
engine.dispose();`;
  assert.equal(run("passes", program), { status: 0, output: "3", errors: "" });
});

test("a Node without getBuiltinModule is told which versions have it", () => {
  const program = `delete process.getBuiltinModule;
console.log(threadsAvailable());
try { await createThreadedEngine({ threads: 2 }); } catch (error) { console.log(error.message); }`;
  const output = "false\nthreads need process.getBuiltinModule: Node 20.19, Node 22.12 or newer";
  assert.equal(run("old", program), { status: 0, output, errors: "" });
});

test("when one worker does not start, none is left", () => {
  const program = `${CAUGHT}
let count = 0;
const Caught = workerThreads.Worker;
workerThreads.Worker = class extends Caught {
  constructor(source, options) { super(++count === 2 ? "throw new Error('broken')" : source, options); }
};
syncBuiltinESMExports();
let exits = 0;
const engine = createThreadedEngine({ threads: 4 });
engine.catch(() => {});
await new Promise((resolve) => setImmediate(resolve));
const ended = threads.map((thread) => new Promise((resolve) => thread.once("exit", resolve)));
try { await engine; } catch (error) { console.log(error.message); }
await Promise.all(ended);
console.log(threads.length, "ended");`;
  const { status, output } = run("broken", program);
  assert.is(output, "a worker did not start: broken\n3 ended");
  assert.is(status, 0);
});

test.run();
