// Runs the tests: every suite of test/suites in both roundings on every runtime that is present, and test/node on this
// Node. `node test/harness/run.mjs --help` explains the options.

import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundleSuites, ROUNDINGS, suiteFiles } from "./bundle.mjs";
import { install, pack } from "./consumer.mjs";
import { compareRuns, printRuns, settle, summary } from "./results.mjs";
import { thisNode } from "./runtimes/command.mjs";
import { RUNTIMES } from "./runtimes/index.mjs";
import { writeTable } from "./table.mjs";

const NAMES = ["package", ...RUNTIMES.map(({ name }) => name)];
const HELP = `node test/harness/run.mjs [options]     (after npm run build)
  --only LIST       runtimes by name, separated by commas: ${NAMES.join(", ")}
  --suite TEXT      only files of suites whose name contains TEXT
  --require-all     a runtime that is missing is a failure (also: SGD_REQUIRE_ALL=1 in the environment)
  --seconds N       longest time for one run of the suites; default 300
  --verbose         list every test
  --write           write the summary to docs/runtimes.md, if all runtimes were run and nothing failed
`;

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    suite: { type: "string" },
    "require-all": { type: "boolean", default: Boolean(process.env.SGD_REQUIRE_ALL) },
    seconds: { type: "string", default: "300" },
    verbose: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (options.help) {
  process.stdout.write(HELP);
} else {
  const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-test-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const failed = await main(folder);
  process.exit(failed ? 1 : 0);
}

/** Returns the number of failures. */
async function main(folder) {
  const unknown = options.only?.split(",").filter((name) => !NAMES.includes(name)) ?? [];
  if (unknown.length > 0) {
    console.error(`--only ${unknown.join(",")}: no such runtime, there are ${NAMES.join(", ")}`);
    process.exit(2);
  }
  const seconds = Number(options.seconds);
  const chosen = RUNTIMES.filter(({ name }) => isChosen(name));
  const present = chosen.filter((runtime) => runtime.present());
  const missing = chosen.filter((runtime) => !present.includes(runtime));
  const jobs = await prepare(folder, present);
  if (jobs.length === 0) {
    console.error(
      `nothing to run: no runtime or file of suites for --only ${options.only ?? "(all)"} --suite ${options.suite ?? "(all)"}\n\n${HELP}`,
    );
    process.exit(2);
  }

  const runs = [];
  await inParallel(jobs, async (job) => {
    for await (const run of runsOf(job, seconds)) {
      runs.push(run);
      process.stdout.write(`${run.title} ${run.version}, ${run.way}, ${run.rounding}: ${run.passed}/${run.total}\n`);
    }
  });
  const position = new Map(jobs.map(({ runtime }, index) => [runtime.name, index]));
  runs.sort((a, b) => position.get(a.name) - position.get(b.name));

  const whole = !options.only && !options.suite && missing.length === 0;
  const problems = compareRuns(runs, whole);
  if (options["require-all"]) problems.push(...missing.map(({ title, get }) => `${title} is missing: ${get}`));
  const failed = printRuns(runs, { problems, missing, verbose: options.verbose });
  if (options.write && whole && failed === 0) writeTable("runtimes.md", "runtimes", summary(runs));
  return failed;
}

function isChosen(name) {
  return !options.only || options.only.split(",").includes(name);
}

/** Packs, installs and bundles. A job is a runtime with the folder and the legs that it runs. */
async function prepare(folder, runtimes) {
  const patterns = options.suite ? [options.suite] : [];
  const suites = suiteFiles("suites", patterns);
  const nodeSuites = isChosen("package") ? suiteFiles("node", patterns) : [];
  const tarball = pack(folder);
  const jobs = [];
  if (suites.length > 0 && runtimes.length > 0) {
    const everywhere = join(folder, "everywhere");
    install(tarball, everywhere);
    const bundles = new Set(runtimes.flatMap((runtime) => runtime.bundles));
    for (const bundle of bundles) await bundleSuites(suites, everywhere, bundle);
    for (const runtime of runtimes) jobs.push({ runtime, folder: everywhere, legs: legsOf(runtime) });
  }
  if (nodeSuites.length > 0) {
    const here = join(folder, "node");
    install(tarball, here);
    for (const bundle of thisNode.bundles) await bundleSuites(nodeSuites, here, bundle);
    jobs.push({ runtime: thisNode, folder: here, legs: [{ way: "import", rounding: "fused" }] });
  }
  return jobs;
}

/** The first way to load the package there in both roundings, the other ways, where only loading differs, in one. */
function legsOf({ ways: [first, ...others] }) {
  return [
    ...ROUNDINGS.map((rounding) => ({ way: first, rounding })),
    ...others.map((way) => ({ way, rounding: ROUNDINGS[0] })),
  ];
}

/** Runs the legs one after the other. What keeps one from giving a report counts against it and all after it. */
async function* runsOf({ runtime, folder, legs }, seconds) {
  const { name, title } = runtime;
  let version = "";
  let start = Date.now();
  const left = [...legs];
  const about = () => ({ name, title, version, ...left[0], milliseconds: Date.now() - start });
  try {
    version = await runtime.version();
    for await (const report of runtime.run(folder, legs, seconds)) {
      yield settle(about(), report);
      left.shift();
      start = Date.now();
    }
    if (left.length > 0) throw new Error("ended without a report");
  } catch (error) {
    for (; left.length > 0; left.shift()) yield settle(about(), { error });
  }
}

async function inParallel(jobs, work) {
  // Browsers, last in the list, take longest.
  const queue = jobs.toReversed();
  const worker = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) await work(job);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}
