// Runs that are deleted: nothing of them is left, whatever stops meanwhile, and nothing of them comes into a run that takes the name.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ParameterServerError, RunOptions } from "sgd-wasm/durable";
import * as assert from "uvu/assert";
import { suite } from "../harness/suite.js";
import { bytesOf } from "../support/bits.js";
import { assertSameAs, makeParameters, OneMachine, type Shape, setGradients, train } from "./model.js";
import { clientOf, http, pieces, setFault, startServer } from "./server.js";
import { tablesOf } from "./sqlite.js";

const test = suite("delete");
const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-delete-"));
let server: Awaited<ReturnType<typeof startServer>>;
test.before(async () => {
  server = await startServer({ worker: "faulty", persist: folder });
});
test.after(async () => {
  await server.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const SHAPES: Shape[] = [[[60]], [[5], "float64"], [[3]], [[70]]];
const OTHERS: Shape[] = [[[9, 9]], [[40]]];
const OPTIONS: RunOptions = { lr: 0.1, momentum: 0.9, elementsPerShard: 70 };
let runs = 0;

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "fine",
    (error: ParameterServerError) => error.code,
  );

/** A run that has taken a step. */
async function newRun(name = `run-${++runs}`) {
  const client = await clientOf(server, name);
  const params = makeParameters(SHAPES);
  const { shards } = await client.create(params, OPTIONS);
  await train(client, params, 1);
  return { name, client, params, shards };
}

/** Another model takes the name and trains. */
async function assertFree(name: string): Promise<void> {
  const client = await clientOf(server, name, "another");
  await client.create(makeParameters(OTHERS), OPTIONS);
  await train(client, makeParameters(OTHERS), 2);
  const machine = new OneMachine(OPTIONS, OTHERS);
  for (let step = 0; step < 2; step++) machine.takeStep();
  await assertSameAs(machine, client, OTHERS);
  await client.delete();
}

test("nothing is left, and the name is free", async () => {
  const { name, client, params } = await newRun();
  const waiting = codeOf(client.next(1));
  await client.delete();
  // It would wait for a step for 9 seconds.
  assert.is(await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 6_000))]), "unknown");
  assert.equal(tablesOf(folder), {});
  const refused = [client.status(), client.pull(params), client.join(), client.push(params, { step: 1 })];
  assert.equal(await Promise.all(refused.map(codeOf)), Array(4).fill("unknown"));
  await client.delete();
  await (await clientOf(server, "never")).delete();
  assert.equal(tablesOf(folder), {});
  await assertFree(name);
});

test("steps under way end, and are in no run that has the name later", async () => {
  for (let round = 0; round < 3; round++) {
    const { name, client, params } = await newRun();
    const training = codeOf(train(client, params, 1_000));
    await new Promise((resolve) => setTimeout(resolve, 20 * round));
    await (await clientOf(server, name)).delete();
    assert.is(await training, "unknown");
    await assertFree(name);
  }
});

test("a client goes on with what has the name now", async () => {
  const { name, client, params } = await newRun();
  const other = await clientOf(server, name, "other");
  await other.pull(params);
  await client.delete();
  assert.is(await codeOf(other.status()), "unknown");
  const others = makeParameters(OTHERS);
  await client.create(others, OPTIONS);
  await train(other, others, 1);
  assert.equal((await client.status()).members, [{ worker: "other", rank: 0 }]);
  await client.delete();
});

test("an upload under way is in no run that has the name later", async () => {
  const { name, client, params, shards } = await newRun();
  const { layout } = await client.status();
  const grant = { run: name, role: "admin", worker: "worker" } as const;
  const late = pieces();
  const answer = http(server, {
    method: "PUT",
    path: `/runs/${name}/shards/0/gradients?step=1&rank=0`,
    grant,
    headers: { layout },
    body: late.body,
  });
  const slice = Buffer.alloc(shards[0].bytes, 1);
  await late.send(slice.subarray(0, 100));
  await client.delete();
  // The same model, at the same step.
  await newRun(name);
  await late.send(slice.subarray(100));
  late.end();
  assert.is((await answer).json.code, "unknown");
  setGradients(params, 1, 0);
  const sent = Buffer.concat(params.map(({ grad }) => bytesOf(grad as Float32Array))).subarray(0, slice.length);
  const again = await http(server, {
    method: "PUT",
    path: `/runs/${name}/shards/0/gradients?step=1&rank=0`,
    grant,
    headers: { layout },
    body: sent,
  });
  assert.equal(again.json, { status: "received", step: 1 });
  await client.delete();
});

for (const [point, nth] of [
  ["coordinator after CREATE TABLE IF", 1],
  ["coordinator after remove", 1],
  ["shard after deleteAll", 1],
  ["coordinator before deleteAll", 1],
  ["coordinator after deleteAll", 1],
] as const) {
  test(`goes on after a stop: ${point}`, async () => {
    const { name, client } = await newRun();
    await setFault(server, { point, nth });
    await client.delete();
    assert.is((await setFault(server, null)).fired, 1);
    assert.equal(tablesOf(folder), {});
    await assertFree(name);
  });
}

test("goes on when nobody asks, and cannot be made meanwhile", async () => {
  const { name } = await newRun();
  const impatient = await clientOf(server, name, "worker", { retryMs: 0 });
  await setFault(server, { point: "shard before deleteAll", nth: 1, times: 1_000, alarmMs: 500 });
  assert.is(await codeOf(impatient.delete()), "unreachable");
  assert.is(await codeOf(impatient.status()), "unknown");
  const error = await impatient.create(makeParameters(OTHERS), OPTIONS).catch((thrown) => thrown);
  assert.equal([error.code, error.cause.code], ["unreachable", "overloaded"]);
  await setFault(server, null);
  // Who makes a run waits for the deletion, and does not drive it.
  await assertFree(name);
  assert.ok((await setFault(server, null)).alarms > 0);
  assert.equal(tablesOf(folder), {});
});

test.run();
