// The fast path: suites on this Node, from source. `npm run test:node -- NAME [more names]` runs the files of test/suites
// and test/node whose path contains one of the names, each of test/suites in both roundings; all of them without a name.
// Nothing is packed or installed: the package is src/ in the suites, and this repository in the processes that they start.
// `--from FOLDER` takes the files from another folder of test/.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildStale } from "../../src/build/stale.mjs";
import { bundleSuites, fromSource, ROUNDINGS, suiteFiles } from "./bundle.mjs";
import { REPOSITORY } from "./consumer.mjs";
import { printOutcome, settle } from "./results.mjs";
import { thisNode } from "./runtimes/command.mjs";

const SECONDS = 300;

const {
  values: { from },
  positionals: names,
} = parseArgs({ allowPositionals: true, options: { from: { type: "string" } } });
const suites = suiteFiles(from ?? "suites", names);
const nodeSuites = from ? [] : suiteFiles("node", names);
if (suites.length + nodeSuites.length === 0) {
  console.error(`no file of test/${from ?? "suites or test/node"} has a path with ${names.join(" or ")}`);
  process.exit(2);
}

buildStale(nodeSuites.length > 0 ? undefined : ["kernel", "host"]);
const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-test-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const runs = await Promise.all([
  ...(suites.length > 0 ? await prepare("suites", suites, ROUNDINGS) : []),
  ...(nodeSuites.length > 0 ? await prepare("node", nodeSuites, ROUNDINGS.slice(0, 1)) : []),
]);
process.exit(printOutcome(runs) > 0 ? 1 : 0);

/** Bundles `files`, and starts them in each rounding. */
async function prepare(name, files, roundings) {
  const consumer = join(folder, name);
  mkdirSync(join(consumer, "node_modules"), { recursive: true });
  symlinkSync(REPOSITORY, join(consumer, "node_modules/sgd-wasm"));
  const [bundle] = thisNode.bundles;
  await bundleSuites(files, consumer, { ...bundle, package: fromSource, sourcemap: "linked" });
  return roundings.map((rounding) => run(consumer, rounding));
}

async function run(consumer, rounding) {
  const name = `node${process.versions.node.split(".")[0]}`;
  const about = { name, title: "Node", version: process.versions.node, way: "source", rounding };
  try {
    for await (const report of thisNode.run(consumer, [{ way: "import", rounding }], SECONDS)) {
      return settle(about, report);
    }
  } catch (error) {
    return settle(about, { error });
  }
}
