// The harness reports what is wrong with suites: those of test/harness/broken are wrong on purpose.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/process.js";

const test = suite("harness");
const HARNESS = join(repository, "test/harness");

async function run(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, args, { cwd: repository, env: { ...process.env, SGD_REQUIRE_ALL: "" } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, output };
}

/** By file of test/harness/broken: what the fast path says of it, and how many tests pass and fail in both roundings. */
const BROKEN: Record<string, [RegExp, string]> = {
  failing: [
    /FAILED failing\.test\.ts: failing: fails\n.*\n.*strictly equal[\s\S]*failing\.test\.ts:7/,
    "0 passed, 2 failed",
  ],
  uncaught: [/an error that no test caught\n.*\n.*strictly equal[\s\S]*uncaught\.test\.ts:7/, "4 passed, 2 failed"],
  hook: [/is kept from running\n.*\n.*never ran[\s\S]*before\(\)\n.*\n.*Error: not ready/, "0 passed, 4 failed"],
  forgotten: [/is only written down\n.*\n.*never ran/, "0 passed, 2 failed"],
  skipped: [/is skipped, which test\/harness\/skips\.mjs does not allow on node/, "0 passed, 2 failed"],
  empty: [/FAILED empty\.test\.ts\n.*\n.*registers no test/, "0 passed, 2 failed"],
  only: [/test\.only would keep the others from running/, "0 passed, 2 failed"],
  late: [/ended with an error after the last test/, "2 passed, 2 failed"],
  exit: [/without a report/, "0 passed, 2 failed"],
};

for (const [name, [pattern, counts]] of Object.entries(BROKEN)) {
  test(`a suite that is broken by ${name} fails`, async () => {
    const { code, output } = await run(join(HARNESS, "node.mjs"), "--from", "harness/broken", `${name}.test.ts`);
    assert.match(output, pattern);
    assert.is(output.trim().split("\n").at(-1), counts);
    assert.is(code, 1);
  });
}

test("names that nothing has are errors", async () => {
  const none = await run(join(HARNESS, "node.mjs"), "nothing-has-this-name");
  assert.is(none.code, 2);
  assert.match(none.output, "no file of test/suites or test/node has a path with nothing-has-this-name");
  const typo = await run(join(HARNESS, "run.mjs"), "--only", "node20,nodee24");
  assert.is(typo.code, 2);
  assert.match(typo.output, /--only nodee24: no such runtime, there are package, node20,/);
});

test("a test that every run skips is a failure of a whole run", async () => {
  const { compareRuns, settle } = await import(join(HARNESS, "results.mjs"));
  const run = (name: string, status: string) => {
    const results = ["is common", "needs threads"].map((title, i) => ({
      file: "threads/threads.test.ts",
      suite: "threads",
      test: title,
      status: i === 0 ? "passed" : status,
    }));
    return settle(
      { name, title: name, way: "page", rounding: "fused" },
      { results, empty: [], digest: "", records: {} },
    );
  };
  const nowhere = [run("webkit", "skipped"), run("workerd", "skipped")];
  assert.equal(compareRuns(nowhere, true), ["threads/threads.test.ts: needs threads is skipped in every run"]);
  assert.equal(compareRuns(nowhere, false), []);
  assert.equal(compareRuns([...nowhere, run("node24", "passed")], true), []);
  // The tests of the package are others than the suites, and fail where they may not be skipped.
  assert.is(compareRuns([...nowhere, run("package", "passed")], true).length, 1);
});

/** The last lines of CI's steps, each a program that prints and ends with a code. */
async function ci(...steps: { print: string; code?: number; kind?: string }[]) {
  const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-ci-"));
  const lines = steps.map(({ print, code = 0, kind = "tests" }) => ({ [kind]: `echo '${print}'; exit ${code}` }));
  const file = join(folder, "steps.mjs");
  writeFileSync(file, `export const STEPS = ${JSON.stringify(lines)};`);
  const { code, output } = await run(join(HARNESS, "ci.mjs"), file);
  rmSync(folder, { recursive: true });
  return [output.trim().split("\n").at(-1), code];
}

test("CI adds up its steps, and takes none that proves nothing", async () => {
  const good = { print: "3 passed, 0 failed" };
  assert.equal(await ci(good, { print: "2 passed, 0 failed" }, { print: "", kind: "check" }), [
    "6 passed, 0 failed",
    0,
  ]);
  assert.equal(await ci(good, { print: "1 passed, 2 failed", code: 1 }), ["4 passed, 2 failed", 1]);
  assert.equal(await ci(good, { print: "1 passed, 2 failed" }), ["4 passed, 2 failed", 1]);
  assert.equal(await ci(good, { print: "0 passed, 0 failed" }), ["3 passed, 1 failed", 1]);
  assert.equal(await ci(good, { print: "no counts" }), ["3 passed, 1 failed", 1]);
  assert.equal(await ci(good, { print: "2 passed, 0 failed", code: 1 }), ["5 passed, 1 failed", 1]);
  assert.equal(await ci(good, { print: "", code: 1, kind: "check" }), ["3 passed, 1 failed", 1]);
  assert.equal(await ci(), ["0 passed, 1 failed", 1]);
});

test.run();
