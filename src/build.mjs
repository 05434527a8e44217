// Bundles the host to dist/, once for each way of getting the kernels.
//
//   dist/             the kernels as text in the JavaScript: everything that may compile modules from bytes
//   dist/workerd/     the kernels as static imports of .wasm files: Cloudflare Workers
//   dist/edge-light/  the same in the spelling of Vercel's edge functions
//
// One run of the bundler makes all entries of a folder, so that they share their classes.

import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";

const WORKER = "src/threads/worker.ts";

/** Entries that make engines, and exist in every variant. */
const ENGINES = { index: "src/index.ts" };
/** Entries that need no kernel. */
const OTHERS = { checkpoint: "src/checkpoint/index.ts" };
const THREADS = { threads: "src/threads/index.ts" };
const NO_THREADS = { threads: "src/threads/unavailable.ts" };

/** Which file of src/entry/ gives the kernels, and the folder that its bundle goes to. */
const VARIANTS = [
  { source: "embedded", outdir: "dist", entryPoints: { ...ENGINES, ...OTHERS, ...THREADS } },
  { source: "workerd", outdir: "dist/workerd", entryPoints: { ...ENGINES, ...NO_THREADS } },
  { source: "edge-light", outdir: "dist/edge-light", entryPoints: { ...ENGINES, ...NO_THREADS } },
];

const worker = await workerProgram();
const workerText = `// Written by src/build.mjs: the bundle of ${WORKER}.\nexport const workerSource = ${JSON.stringify(worker)};\n`;
await writeFile("src/threads/worker.generated.ts", workerText);
for (const { source, outdir, entryPoints } of VARIANTS) {
  await removeScripts(outdir);
  await build({
    entryPoints,
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    sourcemap: true,
    plugins: [kernelsFrom(source)],
  });
}

// Workers get their program as text; where that is refused, as a file.
await writeFile("dist/worker.js", worker);

/** The workers' program in one piece. */
async function workerProgram() {
  const { outputFiles } = await build({
    entryPoints: [WORKER],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    minify: true,
  });
  return outputFiles[0].text;
}

/** Names of shared chunks change with their contents: old ones would be packed as well. */
async function removeScripts(folder) {
  await mkdir(folder, { recursive: true });
  const scripts = (await readdir(folder)).filter((name) => /\.js(\.map)?$/.test(name));
  for (const name of scripts) await rm(join(folder, name));
}

/** Takes src/entry/`source`.ts in the place of embedded.ts; .wasm files stay imports, of the ones in dist/. */
function kernelsFrom(source) {
  return {
    name: `kernels from ${source}`,
    setup({ onResolve }) {
      onResolve({ filter: /\/entry\/embedded\.js$/ }, () => ({ path: resolve(`src/entry/${source}.ts`) }));
      onResolve({ filter: /\.wasm(\?module)?$/ }, ({ path }) => ({ path: `../${basename(path)}`, external: true }));
    },
  };
}
