// The Worker with a model per user: in workerd, over a restart, and opened by PyTorch.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { node, repository } from "../support/process.js";

const test = suite("examples/worker");
const installed = existsSync(join(repository, "test/harness/runtimes/node_modules/miniflare"));
/** Missing programs are a failure where all of them must be there. */
const inWorkerd = installed || process.env.SGD_REQUIRE_ALL ? test : test.skip;

function run(program: string): string {
  return node(repository, [join(repository, "node_modules/tsx/dist/cli.mjs"), program]);
}

inWorkerd("users teach models of their own, which survive a restart and which PyTorch trains further", () => {
  const output = run("examples/worker/main.ts");
  const [, known] = /^ada +(\d+) of 297/m.exec(output) ?? [];
  assert.ok(Number(known) > 250, output);
  assert.match(output, new RegExp(`^grace +${known} of 297`, "m"));
  assert.match(output, /^restarted +ada's model answers as before$/m);
  assert.match(output, /^cold start +workerd ready after \d+ ms, first request [\d.]+ ms$/m);
  assert.match(output, /^a step +[\d.]+ ms/m);
  const torch = /^out\/ada\.pt +PyTorch [\d.a-z]+: (\d+) of 297 after 60 steps, .* loss ([\d.]+), ([\d.]+) after/m.exec(
    output,
  );
  if (!torch && !process.env.SGD_REQUIRE_ALL) return;
  const [, right, before, after] = torch ?? assert.unreachable(output) ?? [];
  assert.is(right, known);
  assert.ok(Number(after) < Number(before), output);
});

inWorkerd("requests give their memory back, and what is no example is refused", () => {
  const { first, together, memory, refused, extreme, withoutCondition } = JSON.parse(
    run("test/examples/worker/run.ts"),
  );
  assert.equal(first, { loss: -Math.log(0.1), steps: 1 });
  assert.equal(
    together.map(({ steps }: { steps: number }) => steps),
    [22, 21, 21, 21, 21, 21, 21, 21, 21, 21],
  );
  const [[[allocated, bytes]]] = memory;
  assert.is(allocated, 0);
  assert.equal(memory, [[[0, bytes]], [[0, bytes]]], "one engine, which has not grown");
  assert.equal(
    refused.map(({ status }: { status: number }) => status),
    [400, 400, 400, 400, 404, 404],
  );
  assert.match(refused[0].text, "expected [{ input: 64 numbers, label: 0 to 9 }, …]");
  // After an example whose gradient is infinite.
  assert.ok(extreme.probabilities.every(Number.isFinite), `${extreme.probabilities}`);
  assert.match(withoutCondition, /WebAssembly is refused here: .*export condition "workerd", which wrangler sets/);
});

test.run();
