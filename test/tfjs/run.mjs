// Runs the suites of this folder with TensorFlow.js on Node 20 and 24, in Chromium and in Firefox; there in a page that is
// isolated, where its wasm backend has threads, and in one that is not. `npm run tfjs` installs it first.
//
// node test/tfjs/run.mjs [runtime …] [text in the name of a file …]

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleSuites, fromSource, suiteFiles } from "../harness/bundle.mjs";
import { printRuns, settle } from "../harness/results.mjs";
import { RUNTIMES } from "../harness/runtimes/index.mjs";

const SECONDS = 120;
/** Ways to load the suites, by runtime. */
const WAYS = { node20: ["import"], node24: ["import"], chromium: ["page", "isolated"], firefox: ["page", "isolated"] };
const TFJS = fileURLToPath(new URL("node_modules/@tensorflow", import.meta.url));
const BINARIES = ["tfjs-backend-wasm", "tfjs-backend-wasm-simd", "tfjs-backend-wasm-threaded-simd"];
/** What tfjs imports where it finds itself on Node. */
const NODE_ONLY = /^(fs|path|os|util|crypto|perf_hooks|worker_threads|node-fetch|string_decoder)$/;

const words = process.argv.slice(2);
const names = words.filter((word) => word in WAYS);
const files = suiteFiles(
  "tfjs",
  words.filter((word) => !(word in WAYS)),
);
const runtimes = RUNTIMES.filter(({ name }) => (names.length > 0 ? names.includes(name) : name in WAYS));
const missing = runtimes.filter((runtime) => !runtime.present());
const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-tfjs-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

if (!existsSync(TFJS)) {
  console.error("TensorFlow.js is missing: npm run tfjs");
  process.exit(1);
}
const problems = process.env.SGD_REQUIRE_ALL ? missing.map(({ title, get }) => `${title} is missing: ${get}`) : [];
const runs = [];
for (const runtime of runtimes) if (!missing.includes(runtime)) runs.push(...(await runOn(runtime)));
process.exit(printRuns(runs, { problems, missing, verbose: names.length > 0 }) > 0 ? 1 : 0);

async function runOn(runtime) {
  const consumer = join(folder, runtime.name);
  const [bundle] = runtime.bundles;
  const inBrowser = bundle.folder === "web";
  mkdirSync(join(consumer, "node_modules"), { recursive: true });
  symlinkSync(TFJS, join(consumer, "node_modules/@tensorflow"));
  await bundleSuites(files, consumer, { ...bundle, package: inBrowser ? forBrowsers : forNode, sourcemap: "linked" });
  if (inBrowser) for (const name of BINARIES) copyBinary(name, join(consumer, bundle.folder));
  const version = await runtime.version();
  const legs = WAYS[runtime.name].map((way) => ({ way, rounding: "fused" }));
  const runs = [];
  try {
    for await (const report of runtime.run(consumer, legs, SECONDS)) {
      runs.push(settle({ ...about(runtime, version), ...legs[runs.length] }, report));
    }
  } catch (error) {
    runs.push(settle({ ...about(runtime, version), ...legs[runs.length] }, { error }));
  }
  return runs;
}

function about({ name, title }, version) {
  return { name, title, version, milliseconds: 0 };
}

function copyBinary(name, to) {
  copyFileSync(join(TFJS, `tfjs-backend-wasm/dist/${name}.wasm`), join(to, `${name}.wasm`));
}

/** The package from src/; tfjs stays outside, where Node finds its files. */
function forNode() {
  return withPlugin(({ onResolve }) => {
    onResolve({ filter: /^@tensorflow\// }, ({ path }) => ({ path, external: true }));
  });
}

/** All in one file. */
function forBrowsers() {
  return withPlugin(({ onResolve, onLoad }) => {
    onResolve({ filter: NODE_ONLY }, ({ path }) => ({ path, namespace: "node only" }));
    onLoad({ filter: /.*/, namespace: "node only" }, () => ({ contents: "module.exports = {};" }));
  });
}

function withPlugin(setup) {
  const source = fromSource();
  return {
    name: `${source.name}, and tfjs`,
    setup(build) {
      source.setup(build);
      setup(build);
    },
  };
}
