// Makes of all suites one JavaScript file that runs anywhere. The package itself stays outside of it, and is resolved at
// run time from where it is installed. Kinds of runtimes differ in how, and each brings its `bundle`:
//
//   folder       where the files go, in the consumer's folder
//   conditions   of the package's exports; without them the bare name is kept, for the runtime to resolve
//   program      (rounding) => the source of the file that the runtime is started with
//   only         the one file of suites that it consists of, if not all
//   extra        (rounding) => further files, { name: source }
//   package      the plugin that resolves imports of the package, if it is not the installed one: installed, fromSource
//   sourcemap    as esbuild's
//
// In the folder then lie, for each rounding: ROUNDING.js, which exports run() (see report.ts), and
// main-ROUNDING.js, the program.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import asc from "assemblyscript/asc";
import { build } from "esbuild";
import { packageFile, REPOSITORY } from "./consumer.mjs";

export const ROUNDINGS = ["fused", "separate"];

const TEST = join(REPOSITORY, "test");
const HARNESS = join(TEST, "harness");
const BINARY = [".bin", ".pt", ".u8", ".i32", ".safetensors", ".gz", ".wasm"];

/** The files of suites in test/`folder` whose paths in there contain one of `patterns`; all without patterns. */
export function suiteFiles(folder, patterns = []) {
  return readdirSync(join(TEST, folder), { recursive: true })
    .filter((name) => name.endsWith(".test.ts"))
    .filter((name) => patterns.length === 0 || patterns.some((pattern) => `${folder}/${name}`.includes(pattern)))
    .sort()
    .map((name) => ({ name, path: join(TEST, folder, name) }));
}

/** Bundles `files` for one kind of runtimes, next to the package that is installed in `consumer`. */
export async function bundleSuites(
  files,
  consumer,
  { folder, conditions, program, platform, only, extra, sourcemap, package: plugin = installed },
) {
  const outdir = join(consumer, folder);
  mkdirSync(outdir, { recursive: true });
  await build({
    stdin: { contents: entry(files.filter(({ name }) => !only || name === only)), resolveDir: TEST, loader: "ts" },
    outfile: join(outdir, "suites.js"),
    bundle: true,
    format: "esm",
    platform: platform ?? "neutral",
    mainFields: ["module", "main"],
    conditions: ["import"],
    // Older targets than this lack BigInt literals; newer ones decode binary files with what Node 24 does not know.
    target: "es2022",
    loader: Object.fromEntries(BINARY.map((extension) => [extension, "binary"])),
    plugins: [plugin(consumer, outdir, conditions), countedUvu, beginnings, compressedJson, compiled],
    sourcemap,
    sourcesContent: false,
    // The package says that its modules have no side effects; suites do nothing else.
    ignoreAnnotations: true,
    logLevel: "warning",
  });
  for (const rounding of ROUNDINGS) {
    writeEntry(rounding, outdir, program);
    for (const [name, source] of Object.entries(extra?.(rounding) ?? {})) writeFileSync(join(outdir, name), source);
  }
}

function writeEntry(rounding, outdir, program) {
  const write = (name, source) => writeFileSync(join(outdir, `${name}.js`), source);
  // Imports come before statements, so the statement needs a file of its own to come first.
  write(`set-${rounding}`, `globalThis.SGD_ROUNDING = "${rounding}";\n`);
  write(rounding, `import "./set-${rounding}.js";\nexport { run } from "./suites.js";\n`);
  write(`main-${rounding}`, program(rounding));
}

function entry(files) {
  const imports = files.flatMap(({ name, path }) => [`import "begin:${name}";`, `import ${JSON.stringify(path)};`]);
  return [`import "./harness/prelude.js";`, ...imports, `export { run } from "./harness/report.js";`].join("\n");
}

/** The package is not bundled, except the bytes of its kernels, which no import gives on every runtime. */
function installed(consumer, outdir, conditions) {
  const file = (specifier) => join(consumer, packageFile(consumer, specifier, conditions));
  return {
    name: "package",
    setup({ onResolve }) {
      onResolve({ filter: /^sgd-wasm(\/|$)/ }, ({ path }) => {
        if (path.endsWith(".wasm")) return { path: file(path) };
        return { path: conditions ? relative(outdir, file(path)) : path, external: true };
      });
    },
  };
}

/** The package is bundled from src/, with the kernels as text. */
export function fromSource() {
  return {
    name: "package from source",
    setup({ onResolve }) {
      onResolve({ filter: /^sgd-wasm(\/|$)/ }, ({ path }) => {
        const subpath = path.slice("sgd-wasm/".length);
        const file = subpath.endsWith(".wasm") ? join("dist", subpath) : join("src", subpath, "index.ts");
        return { path: join(REPOSITORY, file) };
      });
    },
  };
}

/** Suites import uvu; what they get is uvu with an account of every test: harness/suite.ts. */
const countedUvu = {
  name: "counted uvu",
  setup({ onResolve }) {
    const counted = join(HARNESS, "suite.ts");
    onResolve({ filter: /^uvu$/ }, ({ importer }) => (importer === counted ? undefined : { path: counted }));
  },
};

/** `import "begin:name"` before a file of suites says where the tests that follow come from. */
const beginnings = {
  name: "beginnings",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^begin:/ }, ({ path }) => ({ path: path.slice(6), namespace: "begin" }));
    onLoad({ filter: /.*/, namespace: "begin" }, ({ path }) => ({
      contents: `import { beginFile } from "./suite.js";\nbeginFile(${JSON.stringify(path)});`,
      resolveDir: HARNESS,
    }));
  },
};

const compressedJson = {
  name: "compressed JSON",
  setup({ onLoad }) {
    onLoad({ filter: /\.json\.gz$/ }, ({ path }) => ({
      // A string for JSON.parse loads faster than the same as an expression.
      contents: `export default JSON.parse(${JSON.stringify(gunzipSync(readFileSync(path)).toString())});`,
    }));
    onLoad({ filter: /\.gz$/ }, ({ path }) => ({ contents: gunzipSync(readFileSync(path)), loader: "binary" }));
  },
};

/** `import bytes from "assemblyscript:path"`: a WebAssembly program of test/path, with a runtime of its own. */
const compiled = {
  name: "AssemblyScript",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^assemblyscript:/ }, ({ path }) => ({ path: path.slice(15), namespace: "assemblyscript" }));
    onLoad({ filter: /.*/, namespace: "assemblyscript" }, async ({ path }) => {
      const source = readFileSync(join(TEST, path), "utf8");
      const options = { optimizeLevel: 3, runtime: "incremental", exportRuntime: true };
      const { binary, error, stderr } = await asc.compileString(source, options);
      if (error) throw new Error(`${path}: ${stderr}`);
      return { contents: binary, loader: "binary" };
    });
  },
};
