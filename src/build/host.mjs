// Bundles the host to dist/. What is built is what `exports` in package.json names:
//
//   dist/NAME.js           of src/NAME/index.ts (src/index.ts for index.js), the kernels as text in the JavaScript:
//                          everything that may compile modules from bytes
//   dist/workerd/NAME.js   of src/NAME/workerd.ts if there is one, the kernels as static imports of .wasm files:
//                          Cloudflare Workers
//   dist/edge-light/…      the same in the spelling of Vercel's edge functions
//
// One run of the bundler makes all entries of a folder, so that they share their classes. The names stay as written, and
// source maps lead to the sources, which are in the package.

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { build } from "rolldown";

/** Which file of src/entry/ gives the kernels, by the folder of the bundle. */
const KERNELS = { dist: "embedded", "dist/workerd": "workerd", "dist/edge-light": "edge-light" };
const WORKER = "src/threads/worker.ts";
/** What several entries load comes in few files: each costs a start of Node half a millisecond. */
const SHARED = [
  { name: "common", priority: 2, test: /\/src\/(common\/|memory\/region)/ },
  { name: "core", priority: 1, test: /\/src\/((?!index)[\w-]+\.ts$|(kernel|memory|gradient|optimizer|entry)\/)/ },
];

const worker = await workerProgram();
const workerText = `// Written by src/build/host.mjs: the bundle of ${WORKER}.\nexport const workerSource = ${JSON.stringify(worker)};\n`;
await writeFile("src/threads/worker.generated.ts", workerText);
const { exports } = JSON.parse(await readFile("package.json", "utf8"));
const scripts = new Set(targetsOf(exports).filter((target) => target.endsWith(".js")));
for (const [outdir, source] of Object.entries(KERNELS)) {
  await removeScripts(outdir);
  const names = [...scripts]
    .filter((script) => join(dirname(script)) === outdir)
    .map((script) => basename(script, ".js"));
  await build({
    input: Object.fromEntries(names.map((name) => [name, entryOf(name, source)])),
    plugins: [kernelsFrom(source)],
    external: /^cloudflare:/,
    transform: { target: "es2022" },
    output: {
      dir: outdir,
      chunkFileNames: "[name]-[hash].js",
      codeSplitting: { groups: SHARED },
      sourcemap: true,
      sourcemapExcludeSources: true,
    },
  });
}

// Workers get their program as text; where that is refused, as a file.
await writeFile("dist/worker.js", worker);

/** The files that `exports` names, under whatever conditions. */
function targetsOf(exports) {
  return typeof exports === "string" ? [exports] : Object.values(exports).flatMap(targetsOf);
}

function entryOf(name, variant) {
  const folder = name === "index" ? "src" : join("src", name);
  const own = join(folder, `${variant}.ts`);
  return existsSync(own) ? own : join(folder, "index.ts");
}

/** The workers' program in one piece. */
async function workerProgram() {
  const { output } = await build({
    input: WORKER,
    write: false,
    transform: { target: "es2022" },
    output: { format: "iife", minify: true },
  });
  return output[0].code;
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
    resolveId: {
      filter: { id: [/\/entry\/embedded\.js$/, /\.wasm(\?module)?$/] },
      handler: (id) =>
        id.endsWith(".js") ? resolve(`src/entry/${source}.ts`) : { id: `../${basename(id)}`, external: true },
    },
  };
}
