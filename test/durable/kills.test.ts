// SIGKILL for workerd at random times, with what it stores on disk: the bits stay those of one machine. `-- --kills N` kills N times.

import type { RunOptions } from "sgd-wasm/durable";
import * as assert from "uvu/assert";
import { MortalServer } from "../../examples/federated/local/mortal.js";
import { suite } from "../harness/suite.js";
import { mulberry32 } from "../support/random.js";
import { assertSameAs, makeParameters, OneMachine, type Shape, setGradients } from "./model.js";
import { clientOf, SECRET } from "./server.js";

const test = suite("kills");
const at = process.argv.indexOf("--kills");
const KILLS = at < 0 ? 3 : Number(process.argv[at + 1]);
const WORKERS = 3;
const SHAPES: Shape[] = [[[20, 30]], [[10]], [[65_537]], [[3], "float64"], [[5_000]]];
const OPTIONS: RunOptions = {
  lr: [0.3, 0.2, 0.1],
  momentum: 0.9,
  weightDecay: 0.01,
  maxGradNorm: 1,
  workers: WORKERS,
  elementsPerShard: 30_000,
};

test(`${KILLS} times`, async () => {
  const next = mulberry32(at < 0 ? 1 : KILLS);
  const server = new MortalServer(SECRET);
  const pause = (most: number) => new Promise((resolve) => setTimeout(resolve, next() % most));
  let last = Number.POSITIVE_INFINITY;
  let newest = 0;
  /** Trains until no more is to come; one push in five goes out twice. */
  const work = async (name: string): Promise<void> => {
    const client = await clientOf(server, "run", name);
    const params = makeParameters(SHAPES);
    const { rank } = await client.join();
    for (let step = await client.pull(params); step < last; step = await client.next(step)) {
      newest = Math.max(newest, step);
      await client.pull(params, { step });
      setGradients(params, step, rank);
      const pushes = [client.push(params, { step })];
      if (next() % 5 === 0) pushes.push(client.push(params, { step }));
      await Promise.all(pushes);
    }
  };
  try {
    await server.start();
    const client = await clientOf(server, "run");
    await client.create(makeParameters(SHAPES), OPTIONS);
    const ended = Promise.all(Array.from({ length: WORKERS }, (_, i) => work(`worker ${i}`)));
    for (let kill = 0; kill < KILLS; kill++) {
      // Somewhere in the second step from here on.
      const before = newest;
      while (newest === before) await Promise.race([pause(20), ended]);
      await pause(500);
      await server.kill();
      await server.start();
    }
    last = newest + 2;
    await ended;
    const machine = new OneMachine(OPTIONS, SHAPES);
    while (machine.step < last) machine.takeStep();
    await assertSameAs(machine, client, SHAPES);
    console.log(`\n${KILLS} kills in ${last} steps`);
    assert.ok(last > KILLS);
  } finally {
    await server.dispose();
  }
});

test.run();
