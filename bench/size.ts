// Size and start: `npm run size`. Prints what an import costs when a bundler has shaken and minified it, what each part of
// it is, and how much longer a fresh process of Node takes with an engine in it than empty. Fails when the core import is larger
// than its budget. With --write the tables go into docs/runtimes.md.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { writeTable } from "../test/harness/table.mjs";
import { count, rowsToMarkdown, type Table, toText } from "./support/table.js";

/** Bytes gzipped that the core import may have: a step above what it has, so that nobody adds to it unawares. */
const BUDGET = 18_000;
/** Bytes that the three kernels may have together. */
const KERNEL_BUDGET = 30_000;
const SPAWNS = 15;
const SUBPATHS = ["amp", "checkpoint", "schedule", "threads"];
const CORE = 'export { createEngine, SGD } from "sgd-wasm";';
/** What decodes and compiles a kernel, chooses one, and calls it. */
const LOADER = `
  export { kernelSource } from "./src/entry/embedded.js";
  export { selectKernel, suppliedKernel } from "./src/kernel/select.js";
`;

type Row = readonly [what: string, minified: number, gzipped: number];

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

/** Milliseconds of fresh processes, by program; one of each in turn, so that what else the machine does meets all alike. */
function start(programs: Record<string, string>): Record<string, number[]> {
  const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-size-"));
  const times: Record<string, number[]> = {};
  for (const [name, source] of Object.entries(programs)) writeFileSync(join(folder, `${name}.mjs`), source);
  for (let i = 0; i <= SPAWNS; i++) {
    for (const name of Object.keys(programs)) {
      const begin = performance.now();
      const { status, stderr } = spawnSync(process.execPath, [join(folder, `${name}.mjs`)], { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      // The first of each warms the file cache.
      times[name] ??= [];
      if (i > 0) times[name].push(performance.now() - begin);
    }
  }
  rmSync(folder, { recursive: true });
  return times;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

const core = measured("createEngine, SGD", await bundle(CORE));
const rows: Row[] = [core, ...(await parts(core))];
rows.push(measured("sgd-wasm, all of it", await bundle('export * from "sgd-wasm";')));
for (const name of SUBPATHS) {
  rows.push(measured(`sgd-wasm/${name}`, await bundle(`export * from "sgd-wasm/${name}";`)));
}
let kernelBytes = 0;
for (const name of ["kernel", "kernel-hardware", "kernel-separate"]) {
  const bytes = readFileSync(`dist/${name}.wasm`);
  kernelBytes += bytes.length;
  rows.push([`${name}.wasm`, bytes.length, gzipped(bytes)]);
}
const sizes: Table = {
  title: "Size, in bytes",
  head: ["", "minified", "gzipped"],
  rows: rows.map(([what, ...bytes]) => [what, ...bytes.map(count)]),
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
  title: `Start, in milliseconds: Node ${process.versions.node}, medians of ${SPAWNS} fresh processes in turn`,
  head: ["", "process", "longer than an empty one of the same turn"],
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
const [, , size] = core;
console.log(`\ncreateEngine, SGD: ${count(size)} of ${count(BUDGET)} bytes gzipped`);
console.log(`the kernels: ${count(kernelBytes)} of ${count(KERNEL_BUDGET)} bytes`);
if (size > BUDGET || kernelBytes > KERNEL_BUDGET) process.exitCode = 1;
