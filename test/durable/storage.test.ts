// What the objects store, read from their files: rows below 2,000,000 bytes, nothing left of uploads that broke off; and rows written a step.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../harness/suite.js";
import { makeParameters, type Shape, setGradients } from "./model.js";
import { clientOf, http, startServer } from "./server.js";

const test = suite("storage");
const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-storage-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Python's sqlite3: Node 20 has none. Each line a table, its number of rows, and its largest value in bytes. */
const READ = `
import sqlite3, sys, json
out = {}
for path in sys.argv[1:]:
    db = sqlite3.connect("file:" + path + "?mode=ro", uri=True)
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\\\_%' ESCAPE '\\\\'").fetchall():
        rows = db.execute(f"SELECT * FROM {table}").fetchall()
        largest = max([len(v) for row in rows for v in row if isinstance(v, (bytes, str))] + [0])
        out.setdefault(table, []).append([len(rows), largest])
print(json.dumps(out))
`;

function tables(): Record<string, [rows: number, largest: number][]> {
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".sqlite"));
  const paths = files.map((name) => join(folder, name)).filter((path) => existsSync(path));
  return JSON.parse(execFileSync("python3", ["-c", READ, ...paths], { encoding: "utf8" }));
}

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
  const found = tables();
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
