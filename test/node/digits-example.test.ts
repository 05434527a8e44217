// The main job: the numbers that it must end with on every machine.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { node, repository } from "../support/process.js";

const test = suite("examples/digits");

/** Of the final parameters after 600 steps: no machine and no runtime may give another. */
const HASHES = {
  float32: "cb726d8fab13ec3e8b3e4b4b33e8d28ef6f898efb0befbe0b71aee327a744591",
  float64: "635c0d44fc72e1e4c9ece705a2b01ed5e43fc34dc196271cdaa4a27af054cfaa",
};
const CORRECT = { float32: 274, float64: 272 };

function train(...options: string[]): string {
  return node(repository, [join(repository, "node_modules/tsx/dist/cli.mjs"), "examples/digits/main.ts", ...options]);
}

for (const dtype of ["float32", "float64"] as const) {
  test(`600 steps in ${dtype} end with PyTorch's accuracy, a known hash and a picture`, () => {
    const folder = mkdtempSync(join(tmpdir(), "digits-"));
    const picture = join(folder, "loss.svg");
    const output = train("--dtype", dtype, "--svg", picture);
    assert.match(output, new RegExp(`\\b${CORRECT[dtype]}\\b.*297`));
    assert.match(output, HASHES[dtype]);
    assert.ok(existsSync(picture) && readFileSync(picture, "utf8").startsWith("<svg"));
    rmSync(folder, { recursive: true });
  });
}

test("a wrong option is an error with a hint, and --help explains all", () => {
  assert.throws(() => train("--lr", "fast"), /--help/);
  assert.throws(() => train("--steps", "-1"), /--steps must be a whole number from 1 to \d+, got "-1"/);
  assert.match(train("--help"), /--momentum/);
  assert.is(train("-h"), train("--help"));
});

test.run();
