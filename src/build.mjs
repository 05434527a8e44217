// Bundles the host to dist/, once for each way of getting the kernels.
//
//   dist/             the kernels as text in the JavaScript: everything that may compile modules from bytes
//   dist/workerd/     the kernels as static imports of .wasm files: Cloudflare Workers
//   dist/edge-light/  the same in the spelling of Vercel's edge functions
//
// One run of the bundler makes all entries of a folder, so that they share their classes.

import { basename, resolve } from "node:path";
import { build } from "esbuild";

const ENTRIES = ["src/index.ts"];

/** Which file of src/entry/ gives the kernels, and the folder that its bundle goes to. */
const VARIANTS = [
  { source: "embedded", outdir: "dist" },
  { source: "workerd", outdir: "dist/workerd" },
  { source: "edge-light", outdir: "dist/edge-light" },
];

for (const { source, outdir } of VARIANTS) {
  await build({
    entryPoints: ENTRIES,
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
