// The first program: it ends as the same loop in PyTorch does.

import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { node, repository } from "../support/process.js";

const test = suite("examples/hello");

const OUTPUT = `step 0: loss 2.4206
step 50: loss 0.0108
step 100: loss 0.0041
step 150: loss 0.0041
step 200: loss 0.0041
y = 2.00 x + -1.00
`;

test("a line is fitted to points", () => {
  const output = node(repository, [join(repository, "node_modules/tsx/dist/cli.mjs"), "examples/hello/main.ts"]);
  assert.is(output, OUTPUT);
});

test.run();
