// Bundles the host to dist/. What is built is what `exports` in package.json names:
//
//   dist/NAME.js           of src/NAME/index.ts (src/index.ts for index.js), the kernels as text in the JavaScript:
//                          everything that may compile modules from bytes
//   dist/workerd/NAME.js   of src/NAME/workerd.ts if there is one, the kernels as static imports of .wasm files:
//                          Cloudflare Workers
//   dist/edge-light/…      the same in the spelling of Vercel's edge functions
//
// One run of the bundler makes the entries of a folder, so that they share their classes, in one file besides their own: each
// file that Node loads costs half a millisecond. Entries that need no class of the others have a run each, and are one file with a
// copy of the few functions that they need. The names stay as written, and source maps lead to the sources, which are in the package.

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { build } from "rolldown";

/** Which file of src/entry/ gives the kernels, by the folder of the bundle. */
const KERNELS = { dist: "embedded", "dist/workerd": "workerd", "dist/edge-light": "edge-light" };
const WORKER = "src/threads/worker.ts";
/** Subpaths that need no class of the others. */
const ALONE = ["checkpoint", "schedule"];
/** What the others share. */
const SHARED = {
  name: "core",
  test: /\/src\/((?!index)[\w-]+\.ts$|(common|kernel|memory|gradient|optimizer|entry)\/)/,
};

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
  const together = names.filter((name) => !ALONE.includes(name));
  await bundle(outdir, together, source, { groups: [SHARED] });
  for (const name of names) if (ALONE.includes(name)) await bundle(outdir, [name], source, false);
}

// Workers get their program as text; where that is refused, as a file.
await writeFile("dist/worker.js", worker);

function bundle(dir, names, source, codeSplitting) {
  return build({
    input: Object.fromEntries(names.map((name) => [name, entryOf(name, source)])),
    plugins: [kernelsFrom(source)],
    external: /^cloudflare:/,
    transform: { target: "es2022" },
    output: {
      dir,
      chunkFileNames: "[name]-[hash].js",
      codeSplitting,
      sourcemap: true,
      sourcemapExcludeSources: true,
    },
  });
}

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
