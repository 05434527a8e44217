// Runtimes that are a command which runs a JavaScript file: Node, Deno, Bun.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../consumer.mjs";
import { run, tail } from "./process.mjs";
import { EXAMPLE, readmeReport } from "./readme.mjs";
import { refusedProgram } from "./refused.mjs";

/** What stands before the report on the standard output, among what suites and uvu print. */
const MARK = "@@report@@";

const write = `(report) => console.log("\\n${MARK}" + JSON.stringify(report))`;
const program = (file) => `import { run } from "./${file}.js";\nrun().then(${write});\n`;
/** Flags that take from V8 what the package needs; without SSE4.1 it has no SIMD. */
const FLAGS = { "without SIMD": "--no-enable-sse4-1", "without Wasm": "--jitless" };
/** The files that hold the example of the README. */
const NODE_EXAMPLES = { README: "readme.mjs", "README by require": "readme.cjs" };
const EXAMPLES = { README: "readme.ts" };
const fileOf = (way) => way.replaceAll(" ", "-");
const IMPORT = {
  folder: ".",
  program,
  extra: () => ({
    "readme.mjs": EXAMPLE,
    "readme.ts": EXAMPLE,
    "readme.cjs": EXAMPLE.replace(/^import (.*) from (.*);$/m, "const $1 = require($2);"),
    ...Object.fromEntries(
      Object.keys(FLAGS).flatMap((way) => [
        [`${fileOf(way)}.js`, refusedProgram(way, ["sgd-wasm", "sgd-wasm/threads"])],
        [`main-${fileOf(way)}.js`, program(fileOf(way))],
      ]),
    ),
  }),
};

/** `node`: it has require(), and the flags of V8. */
export function command({ name, title, path, args = [], get, node = false, bundles }) {
  const examples = node ? NODE_EXAMPLES : EXAMPLES;
  return {
    name,
    title,
    get,
    bundles: bundles ?? [IMPORT],
    ways: ["import", ...(node ? Object.keys(FLAGS) : []), ...Object.keys(examples)],
    present: () => existsSync(path),
    async version() {
      const { output } = await run(path, ["--version"], { seconds: 20 });
      return /\d+(\.\d+)+/.exec(output)?.[0] ?? output;
    },
    async *run(folder, legs, seconds) {
      for (const { way, rounding } of legs) {
        if (examples[way]) {
          yield readmeReport(await outputOf(path, [...args, join(folder, examples[way])], folder, seconds));
          continue;
        }
        const flags = FLAGS[way] ? [FLAGS[way]] : [];
        const main = FLAGS[way] ? fileOf(way) : rounding;
        yield await runFile(path, [...args, ...flags, join(folder, `main-${main}.js`)], folder, seconds);
      }
    },
  };
}

const ENV = { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", SGD_REPOSITORY: REPOSITORY };

async function outputOf(path, args, cwd, seconds) {
  const { code, output } = await run(path, args, { cwd, env: ENV, seconds });
  if (code !== 0) throw new Error(`ended with code ${code}\n${tail(output)}`);
  return output;
}

async function runFile(path, args, cwd, seconds) {
  const { code, output } = await run(path, args, { cwd, env: ENV, seconds });
  const start = output.lastIndexOf(MARK);
  if (start < 0) throw new Error(`ended with code ${code} and without a report\n${tail(output)}`);
  const report = JSON.parse(output.slice(start + MARK.length).split("\n", 1)[0]);
  return { ...report, crash: code !== 0 && !report.results.some(({ status }) => status === "failed") };
}

/** The Node that runs the tests, for those of test/node: command line, types, contents of the package. */
export const thisNode = command({
  name: "package",
  title: "package",
  path: process.execPath,
  args: ["--enable-source-maps"],
  bundles: [{ ...IMPORT, platform: "node" }],
});
