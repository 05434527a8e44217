// The examples of where gradients come from: each ends with the same numbers.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { node, repository } from "../support/process.js";

const test = suite("recipes");
const path = (name: string) => join(repository, name);
/** Examples that are projects of their own run where their packages are installed; CI requires it. */
const withPackages = (project: string) =>
  process.env.SGD_REQUIRE_ALL || existsSync(path(`examples/${project}/node_modules`)) ? test : test.skip;

/** Of 301 steps from the same weights, whoever computes the gradients. */
const OUTPUT = `step 0: loss 2.0865
step 100: loss 0.1348
step 200: loss 0.0736
step 300: loss 0.0593
396 of 400 points are told right
`;

function tsx(program: string): string {
  return node(repository, [path("node_modules/tsx/dist/cli.mjs"), program]);
}

test("gradients by hand", () => {
  assert.is(tsx("examples/by-hand/train.ts"), OUTPUT);
});

test("a program with an allocator like Rust's, in its memory", () => {
  node(repository, [path("node_modules/assemblyscript/bin/asc.js"), "--config", "examples/allocator/asconfig.json"]);
  assert.is(tsx("examples/allocator/train.ts"), OUTPUT);
});

const withClang = process.env.SGD_REQUIRE_ALL || existsSync("/usr/bin/clang") ? test : test.skip;
withClang("a program in C, in its memory, which grows", () => {
  execFileSync("sh", ["examples/c/compile.sh"], { cwd: repository });
  assert.is(tsx("examples/c/train.ts"), OUTPUT);
});

withPackages("tfjs")("TensorFlow.js", () => {
  assert.is(node(repository, ["examples/tfjs/train.js"]), OUTPUT);
});

withPackages("jax")("jax-js", () => {
  assert.is(node(repository, ["examples/jax/train.js"]), OUTPUT);
});

withPackages("vite")("a page of Vite whose Web Worker trains", () => {
  const { first, before, after, last } = JSON.parse(node(repository, ["test/examples/vite.mjs"]));
  assert.match(first, /^step 5: loss 0\.\d{4}$/);
  // Blue where the network says inside: the middle, then the corner.
  const [inside, outside] = before;
  assert.ok(inside > 200 && outside < 100, `${before}`);
  assert.ok(after[0] < 100 && after[1] > 200, `${after}`);
  assert.match(last, /^step \d+: loss 0\.0[0-4]\d\d$/);
});

test.run();
