// What the objects store, read from their files: rows below 2,000,000 bytes, nothing left of uploads that broke off; and rows written a step.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../harness/suite.js";
import { makeParameters, type Shape, setGradients } from "./model.js";
import { clientOf, http, startServer } from "./server.js";
import { tablesOf } from "./sqlite.js";

const test = suite("storage");
const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-storage-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

test("rows stay below 2,000,000 bytes, and their number is that of the layout", async () => {
  const shapes: Shape[] = [[[1_100_000]], [[400_000], "float64"], [[3]]];
  const params = makeParameters(shapes);
  const server = await startServer({ persist: folder });
  const client = await clientOf(server, "run", "worker");
  // Too long for one row.
  const lr = Array.from({ length: 100_000 }, (_, i) => 1 / (i + 3));
  const { layout, shards } = await client.create(params, { lr, momentum: 0.9, workers: 1 });
  assert.equal(shards, [{ elements: 1_500_003, bytes: 7_600_012 }]);
  await client.join();
  // A slice that breaks off in another slot than the one that counts.
  const headers = { layout };
  const path = "/runs/run/shards/0/gradients?step=0&rank=0";
  const grant = { run: "run", role: "worker", worker: "worker" } as const;
  let end = () => {};
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(2_000_000));
      end = () => controller.close();
    },
  });
  const slow = http(server, { method: "PUT", path, grant, headers, body });
  const second = http(server, { method: "PUT", path, grant, headers, body: new Uint8Array(2_000_001) });
  assert.is((await second).json.code, "length");
  end();
  assert.is((await slow).json.code, "length");
  for (let step = 0; step < 2; step++) {
    setGradients(params, step, 0);
    await client.push(params, { step });
    await client.next(step);
  }
  await server.dispose();
  const found = tablesOf(folder);
  for (const [table, objects] of Object.entries(found)) {
    for (const [, largest] of objects) assert.ok(largest <= 2_000_000, `${table}: ${largest} bytes`);
  }
  // 17 blocks of float32 in 3 rows, 7 of float64 in 2, since the last of them is short, and the last tensor in one.
  const rows = (table: string) => found[table].map(([count]) => count);
  assert.equal(rows("parameters"), [2 * 6]);
  assert.equal(rows("momentum"), [6]);
  assert.equal(rows("gradients"), [6]);
  assert.equal([rows("received"), rows("state"), rows("decision"), rows("member")], [[1], [1], [1], [1]]);
});

test.run();
