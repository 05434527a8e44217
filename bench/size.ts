// Size and start: `npm run size`. Prints what an import costs when a bundler has shaken and minified it, what each part of
// it is, and how much longer a fresh process of Node takes with an engine in it than empty.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

const BUDGET = { bytes: 10_000, milliseconds: 10 };
const SPAWNS = 15;
const SUBPATHS = ["checkpoint", "threads"];
const CORE = 'export { createEngine, SGD } from "sgd-wasm";';
/** What makes kernels of the bytes, and calls them. */
const LOADER = `
  export { kernelSource } from "./src/entry/embedded.js";
  export { selectKernel, suppliedKernel } from "./src/kernel/select.js";
  export { variantIndex } from "./src/kernel/variants.js";
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

/** The generated files of kernels as they are, with nothing in their strings. */
const withoutKernels: Plugin = {
  name: "without kernels",
  setup({ onLoad }) {
    onLoad({ filter: /\.generated\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/= ".*";$/gm, '= "";'),
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
  const loader = measured("  loader", await bundle(LOADER, [withoutKernels]));
  const kernels: Row = ["  kernels", minified - bareMinified, zipped - bareZipped];
  return [kernels, loader, ["  host", core[1] - kernels[1] - loader[1], core[2] - kernels[2] - loader[2]]];
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

function print(rows: readonly (readonly (string | number)[])[]): void {
  const cells = rows.map((row) => row.map((cell) => String(cell)));
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  for (const row of cells) {
    const padded = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])));
    console.log(padded.join("  "));
  }
}

const verdict = (holds: boolean) => (holds ? "holds" : "EXCEEDED");

const core = measured("createEngine, SGD", await bundle(CORE));
const rows: Row[] = [core, ...(await parts(core))];
rows.push(measured("sgd-wasm, all of it", await bundle('export * from "sgd-wasm";')));
for (const name of SUBPATHS) {
  rows.push(measured(`sgd-wasm/${name}`, await bundle(`export * from "sgd-wasm/${name}";`)));
}
for (const name of ["kernel", "kernel-hardware", "kernel-separate"]) {
  const bytes = readFileSync(`dist/${name}.wasm`);
  rows.push([`${name}.wasm`, bytes.length, gzipped(bytes)]);
}
print([["bytes", "minified", "gzipped"], ...rows]);

const url = JSON.stringify(pathToFileURL("dist/index.js").href);
const times = start({
  empty: "",
  import: `import { createEngine, SGD } from ${url};`,
  engine: `import { createEngine, SGD } from ${url};\ncreateEngine();`,
  separate: `import { createEngine, SGD } from ${url};\ncreateEngine({ rounding: "separate" });`,
});
/** The median of differences to the empty process of the same turn. */
const more = (name: string) => median(times[name].map((time, turn) => time - times.empty[turn]));
/** What a busy machine disturbs least. */
const least = (name: string) => Math.min(...times[name]);
console.log(`\nNode ${process.versions.node}, medians of ${SPAWNS} fresh processes in turn`);
print([
  ["milliseconds", "process", "above empty", "least", "above empty"],
  ["empty", median(times.empty).toFixed(1), "", least("empty").toFixed(1), ""],
  ...["import", "engine", "separate"].map((name) => [
    { import: "import", engine: "and createEngine()", separate: '  with rounding "separate"' }[name] ?? name,
    median(times[name]).toFixed(1),
    more(name).toFixed(1),
    least(name).toFixed(1),
    (least(name) - least("empty")).toFixed(1),
  ]),
]);

const { bytes, milliseconds } = BUDGET;
const [, , size] = core;
const time = more("engine");
console.log(`\nbudget of ${bytes} bytes gzipped: ${size}, ${verdict(size <= bytes)}`);
console.log(`budget of ${milliseconds} ms to start: ${time.toFixed(1)}, ${verdict(time <= milliseconds)}`);
