// A round trip: PyTorch trains 300 steps and saves a checkpoint, sgd-wasm goes on from there for 300 and saves, PyTorch reads
// that and compares it with 600 steps of its own. `npm run example:resume`; needs PyTorch for Python (see README.md).

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describe, type Evaluation, failures } from "./report.js";
import { ownGradients, recordedGradients, resume } from "./resume.js";

const HELP = `A model goes from PyTorch to sgd-wasm and back.

npm run example:resume -- [options]
  --python PATH   an interpreter that can import torch; default /usr/bin/python3
  --keep FOLDER   leave all files there
  --require       fail, instead of explaining, where PyTorch is missing
  --help          this text
`;

const options = parseOptions();

if (options.help) process.stdout.write(HELP);
else if (hasTorch()) process.exitCode = main();
else {
  console.log(
    `${options.python} cannot import torch. Install it: apt-get install python3-torch, or pip install torch numpy.`,
  );
  process.exitCode = options.require ? 1 : 0;
}

function parseOptions() {
  try {
    return parseArgs({
      options: {
        python: { type: "string", default: "/usr/bin/python3" },
        keep: { type: "string" },
        require: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

/** Returns the exit code. */
function main(): number {
  const folder = options.keep ?? mkdtempSync(join(tmpdir(), "sgd-wasm-resume-"));
  try {
    const start = performance.now();
    python("begin", folder);
    const checkpoint = readFileSync(join(folder, "pytorch-300.pt"));
    const gradients = recordedGradients(readFileSync(join(folder, "gradients.pt")));
    writeFileSync(join(folder, "replayed.pt"), resume(checkpoint, gradients));
    writeFileSync(join(folder, "trained.pt"), resume(checkpoint, ownGradients()));
    const evaluation: Evaluation = JSON.parse(python("finish", folder));
    console.log(describe(evaluation));
    console.log(`time      ${((performance.now() - start) / 1000).toFixed(1)} s`);
    const faults = failures(evaluation);
    for (const fault of faults) console.error(`FAILED    ${fault}`);
    return faults.length > 0 ? 1 : 0;
  } finally {
    if (options.keep === undefined) rmSync(folder, { recursive: true });
  }
}

function hasTorch(): boolean {
  return spawnSync(options.python, ["-c", "import numpy, torch"]).status === 0;
}

/** Runs a part of pytorch.py and returns what it prints. */
function python(command: string, folder: string): string {
  const script = fileURLToPath(new URL("pytorch.py", import.meta.url));
  const { status, stdout, error } = spawnSync(options.python, [script, command, folder], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw error ?? new Error(`pytorch.py ${command} ended with ${status}`);
  return stdout;
}
