// Size and start: `npm run size`. Prints what an import costs when a bundler has shaken and minified it, what each part of
// it is, and how much processor time a fresh process of Node takes with an engine in it. Fails when an import is larger than its
// budget in budgets.ts. With --write the tables go into docs/runtimes.md.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { writeTable } from "../test/harness/table.mjs";
import { BUDGETS, CORE, KERNEL_BYTES } from "./budgets.js";
import { count, rowsToMarkdown, type Table, toText } from "./support/table.js";

const SPAWNS = 15;
/** What a program prints in the end, in microseconds. */
const REPORT = "\nconst { user, system } = process.cpuUsage();\nconsole.log(user + system);\n";
/** What decodes and compiles a kernel, chooses one, and calls it. */
const LOADER = `
  export { kernelSource } from "./src/entry/embedded.js";
  export { selectKernel, suppliedKernel } from "./src/kernel/select.js";
`;

type Row = readonly [what: string, minified: number, gzipped: number, budget?: number];

const gzipped = (data: string | Uint8Array) => gzipSync(data, { level: 9 }).length;
const measured = (what: string, text: string): Row => [what, Buffer.byteLength(text), gzipped(text)];

/** A user's bundle of `contents`. */
async function bundle(contents: string, plugins: Plugin[] = []): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: resolve() },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    // Imported only where they are built in.
    external: ["node:*"],
    plugins,
  });
  return outputFiles[0].text;
}

/** The generated texts of the kernels with nothing in them. */
const withoutKernels: Plugin = {
  name: "without kernels",
  setup({ onLoad }) {
    onLoad({ filter: /\.generated\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/= ["[].*;$/gm, '= "";'),
      loader: "ts",
    }));
  },
};

/**
 * The parts of the core, the last of them the rest. `dist/` has lost the borders between files, so kernels and loader are
 * measured in the sources, bundled alike: the loader by itself, the kernels as what is missing without them.
 */
async function parts(core: Row): Promise<Row[]> {
  const source = CORE.replace("sgd-wasm", "./src/index.js");
  const [, minified, zipped] = measured("", await bundle(source));
  const [, bareMinified, bareZipped] = measured("", await bundle(source, [withoutKernels]));
  const loader = measured("· loader", await bundle(LOADER, [withoutKernels]));
  const kernels: Row = ["· kernels", minified - bareMinified, zipped - bareZipped];
  return [kernels, loader, ["· host", core[1] - kernels[1] - loader[1], core[2] - kernels[2] - loader[2]]];
}

/** Processor time of fresh processes in milliseconds, by program; one of each in turn: what else the machine does meets all alike. */
function start(programs: Record<string, string>): Record<string, number[]> {
  const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-size-"));
  const times: Record<string, number[]> = {};
  for (const [name, source] of Object.entries(programs)) writeFileSync(join(folder, `${name}.mjs`), source + REPORT);
  for (let i = 0; i <= SPAWNS; i++) {
    for (const name of Object.keys(programs)) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, `${name}.mjs`)], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(stderr);
      // The first of each warms the file cache.
      times[name] ??= [];
      if (i > 0) times[name].push(Number(stdout) / 1000);
    }
  }
  rmSync(folder, { recursive: true });
  return times;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

const rows: Row[] = [];
const core = measured(BUDGETS[0].what, await bundle(CORE));
for (const { what, source, bytes, beyondCore } of BUDGETS) {
  const [, minified, zipped] = measured(what, await bundle(beyondCore ? CORE + source : source));
  if (beyondCore) rows.push([`${what}, beyond the core`, minified - core[1], zipped - core[2], bytes]);
  else rows.push([what, minified, zipped, bytes]);
  if (what === core[0]) rows.push(...(await parts(core)));
}
const overspent = rows
  .filter(([, , zipped, budget = Number.POSITIVE_INFINITY]) => zipped > budget)
  .map(([what, , zipped, budget = 0]) => `${what}: ${count(zipped)} of ${count(budget)} bytes gzipped`);
let kernelBytes = 0;
for (const name of ["kernel", "kernel-hardware", "kernel-separate"]) {
  const bytes = readFileSync(`dist/${name}.wasm`);
  kernelBytes += bytes.length;
  rows.push([`${name}.wasm`, bytes.length, gzipped(bytes)]);
}
const sizes: Table = {
  title: "Size, in bytes",
  head: ["", "minified", "gzipped", "budget"],
  rows: rows.map(([what, minified, zipped, budget]) => [
    what,
    count(minified),
    count(zipped),
    budget ? count(budget) : "",
  ]),
};
console.log(toText(sizes));

const url = JSON.stringify(pathToFileURL("dist/index.js").href);
const PROGRAMS = {
  "an empty process": "",
  "with the import": `import { createEngine, SGD } from ${url};`,
  "and createEngine()": `import { createEngine, SGD } from ${url};\ncreateEngine();`,
  'or with rounding: "separate"': `import { createEngine, SGD } from ${url};\ncreateEngine({ rounding: "separate" });`,
};
const [empty, ...others] = Object.entries(start(PROGRAMS));
const starts: Table = {
  title: `Start, in milliseconds of processor time: Node ${process.versions.node}, medians of ${SPAWNS} fresh processes in turn`,
  head: ["", "process", "more than an empty one of the same turn"],
  rows: [
    [empty[0], median(empty[1]).toFixed(1), ""],
    ...others.map(([name, times]) => [
      name,
      median(times).toFixed(1),
      // Of the same turn, so that what else the machine does meets both.
      median(times.map((time, turn) => time - empty[1][turn])).toFixed(1),
    ]),
  ],
};
console.log(toText(starts));

if (process.argv.includes("--write")) {
  writeTable("runtimes.md", "size", `${sizes.title}:\n\n${rowsToMarkdown(sizes)}\n`);
  writeTable("runtimes.md", "start", `${starts.title}:\n\n${rowsToMarkdown(starts)}\n`);
}
if (kernelBytes > KERNEL_BYTES) overspent.push(`the kernels: ${count(kernelBytes)} of ${count(KERNEL_BYTES)} bytes`);
for (const text of overspent) console.error(`over budget: ${text}`);
if (overspent.length > 0) process.exitCode = 1;
