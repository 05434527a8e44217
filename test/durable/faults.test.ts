// Objects that stop at a point of the protocol, each point once, and then at random: the bits stay those of one machine.

import type { RunOptions } from "sgd-wasm/durable";
import * as assert from "uvu/assert";
import { suite } from "../harness/suite.js";
import { assertSameAs, makeParameters, OneMachine, type Shape, train } from "./model.js";
import { clientOf, setFault, startServer } from "./server.js";
import type { Fault } from "./worker/faulty.js";

const test = suite("faults");
let server: Awaited<ReturnType<typeof startServer>>;
test.before(async () => {
  server = await startServer({ worker: "faulty" });
});
test.after(() => server.dispose());

/** Several rows a shard, since a row has one dtype. */
const SHAPES: Shape[] = [[[60]], [[5], "float64"], [[3]], [[70], "float64"], [[10]], [[2, 2], "float64"]];
const OPTIONS: RunOptions = { lr: [0.2, 0.1], momentum: 0.9, maxGradNorm: 1, workers: 2, elementsPerShard: 70 };
const STEPS = 2;

async function trainTwo(run: string, steps: number): Promise<void> {
  const workers = ["one", "two"].map(async (name) => {
    await train(await clientOf(server, run, name), makeParameters(SHAPES), steps);
  });
  await Promise.all(workers);
}

/** Trains one step, then with the fault, and compares. */
async function survive(run: string, fault: Fault, whileCreating: boolean, steps = STEPS): Promise<number> {
  const client = await clientOf(server, run);
  const params = makeParameters(SHAPES);
  if (whileCreating) await setFault(server, fault);
  await client.create(params, OPTIONS);
  if (!whileCreating) {
    await trainTwo(run, 1);
    await setFault(server, fault);
  }
  await trainTwo(run, steps);
  const { fired } = await setFault(server, null);
  const machine = new OneMachine(OPTIONS, SHAPES);
  while (machine.step < steps) machine.takeStep();
  await assertSameAs(machine, client, SHAPES);
  return fired;
}

const WHILE_CREATING: Fault[] = [
  { point: "coordinator before CREATE TABLE", nth: 1 },
  { point: "coordinator after INSERT INTO document", nth: 1 },
  { point: "shard after CREATE TABLE", nth: 1 },
  { point: "shard after INSERT INTO document", nth: 2 },
  { point: "shard after INSERT INTO parameters", nth: 2 },
  { point: "shard before UPDATE state", nth: 1 },
  { point: "shard after UPDATE state", nth: 2 },
  { point: "coordinator after hasValues", nth: 1 },
  { point: "coordinator before INSERT INTO member", nth: 2 },
  { point: "coordinator after INSERT INTO member", nth: 1 },
];
const IN_A_STEP: Fault[] = [
  { point: "shard before INSERT INTO gradients", nth: 1 },
  { point: "shard after INSERT INTO gradients", nth: 2 },
  { point: "shard after INSERT INTO gradients", nth: 5 },
  { point: "shard before INSERT INTO received", nth: 1 },
  { point: "shard after INSERT INTO received", nth: 1 },
  { point: "shard after INSERT INTO received", nth: 4 },
  { point: "coordinator before prepare", nth: 2 },
  { point: "coordinator after prepare", nth: 1 },
  { point: "coordinator before INSERT INTO decision", nth: 1 },
  { point: "coordinator after INSERT INTO decision", nth: 1 },
  { point: "coordinator before commit", nth: 1 },
  { point: "shard after INSERT INTO parameters", nth: 1 },
  { point: "shard after INSERT INTO momentum", nth: 2 },
  { point: "shard before UPDATE state", nth: 1 },
  { point: "shard after UPDATE state", nth: 2 },
  { point: "coordinator after commit", nth: 1 },
  { point: "coordinator before UPDATE decision", nth: 1 },
  { point: "coordinator after UPDATE decision", nth: 1 },
];

let runs = 0;
for (const fault of [...WHILE_CREATING, ...IN_A_STEP]) {
  const whileCreating = WHILE_CREATING.includes(fault);
  test(`${whileCreating ? "while it is made" : "in a step"}: ${fault.point}, the ${fault.nth}.`, async () => {
    assert.is(await survive(`run-${++runs}`, fault, whileCreating), 1);
  });
}

for (const seed of [1, 2]) {
  test(`at random, seed ${seed}`, async () => {
    assert.ok((await survive(`run-${++runs}`, { oneOf: 40, seed }, true, 5)) > 0);
  });
}

test("a repeated creation after a fault leaves the values that are there", async () => {
  const run = `run-${++runs}`;
  await setFault(server, { point: "shard after UPDATE state", nth: 1 });
  const client = await clientOf(server, run, "worker", { retryMs: 0 });
  const params = makeParameters(SHAPES);
  assert.is(await client.create(params, OPTIONS).catch(({ code }) => code), "unreachable");
  await setFault(server, null);
  // What had been complete is kept, with the run's own values everywhere else.
  await client.create(params, OPTIONS);
  const others = makeParameters(SHAPES, "fused", 9);
  await client.create(others, OPTIONS);
  assert.is(await client.pull(others), 0);
  others.forEach(({ data }, i) => {
    assert.equal(data, params[i].data);
  });
  assert.is(await client.create(params, { ...OPTIONS, lr: 0.3 }).catch(({ code }) => code), "conflict");
});

test.run();
