// What the README shows does what it says.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { consumer, node, repository } from "../support/process.js";

const test = suite("README");
const readme = readFileSync(join(repository, "README.md"), "utf8");
const examples = [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1]);

/** Runs an example in the folder where the package is installed. It has no types to strip. */
function run(source: string): string {
  const file = join(consumer, "readme-example.mjs");
  writeFileSync(file, source);
  try {
    return node(consumer, [file]);
  } finally {
    rmSync(file);
  }
}

test("has at most ten lines of code in the first example", () => {
  const code = examples[0].split("\n").filter((line) => line.trim() !== "");
  assert.ok(code.length <= 12, `${code.length} lines`);
});

// The first one is run on every runtime, by test/harness/runtimes/readme.mjs.
examples.slice(1).forEach((source, i) => {
  test(`example ${i + 2} runs`, () => {
    run(source);
  });
});

test("every file it names is there", () => {
  for (const [, path] of readme.matchAll(/\]\(([^):]+)\)/g)) readFileSync(join(repository, path));
});

test.run();
