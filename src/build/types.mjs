// Rolls up the declarations that tsc has written to out/types/: one file for each `types` of `exports` in package.json, and
// shared ones for what several of them declare, so that a class is the same class in all. Nothing else is published.

import { readFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";

const repository = new URL("../..", import.meta.url);
const DISPOSABLE = '/// <reference lib="esnext.disposable" />\n';
const TARGET = "./dist/types/";

const { exports } = JSON.parse(await readFile(new URL("package.json", repository), "utf8"));
const names = new Set(typesOf(exports).map((target) => target.slice(TARGET.length, -".d.ts".length)));
const path = (name) => fileURLToPath(new URL(name, repository));
/** `/// <reference … />` counts only at the top of a file, and where it is needed. */
const referencesFirst = {
  name: "references first",
  generateBundle(_, files) {
    for (const file of Object.values(files)) {
      const code = file.code.replace(/^\/\/\/ <reference .*\n+/gm, "");
      file.code = `${code.includes("Symbol.dispose") ? DISPOSABLE : ""}${code}`;
    }
  },
};
const bundle = await rollup({
  input: Object.fromEntries([...names].map((name) => [name, path(`out/types/${name}.d.ts`)])),
  plugins: [dts(), referencesFirst],
});
await rm(path("dist/types"), { recursive: true, force: true });
await bundle.write({ dir: path("dist/types"), entryFileNames: "[name].d.ts", chunkFileNames: "shared-[hash].d.ts" });

/** What `exports` names under the condition `types`. */
function typesOf(targets) {
  if (typeof targets === "string") return [];
  const { types, ...others } = targets;
  return [...(types ? [types] : []), ...Object.values(others).flatMap(typesOf)];
}
