// Runtimes that are a command which runs a JavaScript file: Node, Deno, Bun.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../consumer.mjs";
import { run, tail } from "./process.mjs";

/** What stands before the report on the standard output, among what suites and uvu print. */
const MARK = "@@report@@";

const write = `(report) => console.log("\\n${MARK}" + JSON.stringify(report))`;
const IMPORT = {
  folder: ".",
  program: (rounding) => `import { run } from "./${rounding}.js";\nrun().then(${write});\n`,
};
const REQUIRE = {
  folder: "require",
  format: "cjs",
  program: (rounding) => `require("./${rounding}.cjs").run().then(${write});\n`,
};

/** `require`: the package is tested through require() as well. */
export function command({ name, title, path, args = [], get, require = false, bundles }) {
  return {
    name,
    title,
    get,
    bundles: bundles ?? (require ? [IMPORT, REQUIRE] : [IMPORT]),
    ways: require ? ["import", "require"] : ["import"],
    present: () => existsSync(path),
    async version() {
      const { output } = await run(path, ["--version"], { seconds: 20 });
      return /\d+(\.\d+)+/.exec(output)?.[0] ?? output;
    },
    async *run(folder, legs, seconds) {
      for (const { way, rounding } of legs) {
        const file = way === "require" ? `require/main-${rounding}.cjs` : `main-${rounding}.js`;
        yield await runFile(path, [...args, join(folder, file)], folder, seconds);
      }
    },
  };
}

async function runFile(path, args, cwd, seconds) {
  const env = { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", SGD_REPOSITORY: REPOSITORY };
  const { code, output } = await run(path, args, { cwd, env, seconds });
  const start = output.lastIndexOf(MARK);
  if (start < 0) throw new Error(`ended with code ${code} and without a report\n${tail(output)}`);
  const report = JSON.parse(output.slice(start + MARK.length).split("\n", 1)[0]);
  return { ...report, crash: code !== 0 && report.results.every(({ status }) => status === "passed") };
}

/** The Node that runs the tests, for those of test/node: command line, types, contents of the package. */
export const thisNode = command({
  name: "package",
  title: "package",
  path: process.execPath,
  bundles: [{ ...IMPORT, platform: "node" }],
});
