// npx tsx test/hostile/run.ts [--count 100000] [--seed N] [--corpus FOLDER]

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as library from "../../src/checkpoint/index.js";
import { encodedSamples } from "./encoded.js";
import { runHostile } from "./hostile.js";
import { deflated, zip64 } from "./samples.js";

const FIXTURES = join(import.meta.dirname, "../fixtures/data");

const { values: options } = parseArgs({
  options: {
    count: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    corpus: { type: "string", multiple: true, default: ["checkpoints", "world"].map((name) => join(FIXTURES, name)) },
  },
});

const real = options.corpus.flatMap((folder) => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".pt"));
  return files.map((name) => new Uint8Array(readFileSync(join(folder, name))));
});
const corpus = [...real, deflated, zip64, ...encodedSamples(library)];
const seed = Number(options.seed);
const start = performance.now();
process.stdout.write(`seed ${seed}, ${corpus.length} good files\n`);
const { values, errors } = await runHostile({ library, corpus }, seed, Number(options.count));
const seconds = ((performance.now() - start) / 1000).toFixed(1);
process.stdout.write(`${options.count} files: ${values} values, ${errors} errors, ${seconds} s\n`);
