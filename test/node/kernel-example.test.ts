// The example that calls the kernel without the host.

import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { node, repository } from "../support/process.js";

const test = suite("examples/kernel");

test("200 steps lead to the minimum", () => {
  const output = node(repository, [join(repository, "node_modules/tsx/dist/cli.mjs"), "examples/kernel/main.ts"]);
  assert.match(output, /^after 200 steps: 3\.000\d, expected 3$/m);
});

test.run();
