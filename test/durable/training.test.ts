// Training through the server gives the bits of one machine, over the options.

import type { Parameter } from "sgd-wasm";
import type { RunOptions } from "sgd-wasm/durable";
import * as assert from "uvu/assert";
import { suite } from "../harness/suite.js";
import { assertSameAs, makeParameters, OneMachine, SHAPES, type Shape, setGradients, train } from "./model.js";
import { clientOf, startServer } from "./server.js";

const test = suite("training");
let server: Awaited<ReturnType<typeof startServer>>;
let runs = 0;
test.before(async () => {
  server = await startServer();
});
test.after(() => server.dispose());

const STEPS = 3;
const MIXED: Shape[] = [[[70_000], "float64"], [[5]], [[65_536], "float64"], [[3], "float64"], [[131_073]]];

/** Trains by as many workers as the run has, at once. */
async function trainAll(
  run: string,
  options: RunOptions,
  shapes?: Shape[],
  groupsOf?: (params: Parameter[]) => unknown,
) {
  const creator = await clientOf(server, run);
  const initial = makeParameters(shapes, options.rounding);
  await creator.create((groupsOf?.(initial) ?? initial) as Parameter[], options);
  const workers = Array.from({ length: options.workers ?? 1 }, async (_, i) => {
    await train(await clientOf(server, run, `worker ${i}`), makeParameters(shapes, options.rounding, 3), STEPS);
  });
  await Promise.all(workers);
  return creator;
}

const GRID: [title: string, options: RunOptions, shapes?: Shape[]][] = [
  ["plain", { lr: 0.1 }],
  ["weight decay, two roundings", { lr: 0.1, weightDecay: 0.01, rounding: "separate" }],
  ["momentum, one shard", { lr: 0.1, momentum: 0.9, workers: 3 }],
  ["momentum, two shards", { lr: 0.1, momentum: 0.9, workers: 3, elementsPerShard: 100_000 }],
  ["momentum, five shards", { lr: 0.1, momentum: 0.9, elementsPerShard: 30_000 }],
  ["dampening, sum", { lr: 0.01, momentum: 0.9, dampening: 0.3, workers: 3, reduce: "sum", elementsPerShard: 70_000 }],
  [
    "Nesterov, decay, maximize",
    { lr: 0.1, momentum: 0.8, nesterov: true, weightDecay: 0.1, maximize: true, workers: 3 },
  ],
  ["Nesterov, two roundings", { lr: 0.1, momentum: 0.8, nesterov: true, rounding: "separate", elementsPerShard: 1 }],
  [
    "clipping over shards, schedule",
    { lr: [0.3, 0.1], momentum: 0.9, maxGradNorm: 1, workers: 3, elementsPerShard: 70_000 },
  ],
  ["clipping that does nothing", { lr: 0.1, maxGradNorm: 1e9, elementsPerShard: 70_000 }],
  [
    "float64",
    { lr: 0.1, momentum: 0.9, weightDecay: 0.01, workers: 3 },
    [
      [[70_000], "float64"],
      [[3], "float64"],
    ],
  ],
  ["both dtypes, clipped", { lr: 0.1, momentum: 0.9, maxGradNorm: 0.5, workers: 3, elementsPerShard: 70_000 }, MIXED],
  ["no elements", { lr: 0.1, momentum: 0.9 }, [[[0]]]],
];

for (const [title, options, shapes] of GRID) {
  test(`has the bits of one machine: ${title}`, async () => {
    const client = await trainAll(`run-${++runs}`, options, shapes);
    const machine = new OneMachine(options, shapes);
    for (let step = 0; step < STEPS; step++) machine.takeStep();
    await assertSameAs(machine, client, shapes);
  });
}

test("has the bits of one machine: groups with options of their own", async () => {
  const groupsOf = ([a, b, c, d, e, f]: Parameter[]) => [
    { params: [a, c], lr: [0.3, 0.2, 0.1], momentum: 0, rates: [0.3, 0.2, 0.1] },
    { params: [b], weightDecay: 0.5 },
    { params: [], lr: 1 },
    { params: [d, e, f], lr: 0.7, nesterov: true, rates: 0.7 },
  ];
  const options: RunOptions = { lr: 0.05, momentum: 0.9, maxGradNorm: 2, workers: 2, elementsPerShard: 70_000 };
  const run = `run-${++runs}`;
  const creator = await clientOf(server, run);
  await creator.create(groupsOf(makeParameters()) as never, options);
  const inOrder = (params: Parameter[]) => [params[0], params[2], params[1], ...params.slice(3)];
  const workers = ["one", "two"].map(async (name) => {
    const client = await clientOf(server, run, name);
    const params = makeParameters();
    const { rank } = await client.join();
    for (let step = await client.pull(inOrder(params)); step < STEPS; step = await client.next(step)) {
      await client.pull(inOrder(params), { step });
      setGradients(params, step, rank);
      await client.push(inOrder(params), { step });
    }
  });
  await Promise.all(workers);
  const machine = new OneMachine(options, SHAPES, groupsOf);
  for (let step = 0; step < STEPS; step++) machine.takeStep();
  const pulled = makeParameters();
  assert.is(await creator.pull(inOrder(pulled)), STEPS);
  pulled.forEach(({ data }, i) => {
    assert.equal(data, machine.params[i].data, `tensor ${i}`);
  });
  // A state dict counts in the order of the groups, as the optimizer's own does.
  const dict = await creator.stateDict();
  const expected = machine.optimizer.stateDict();
  assert.equal(dict.state, expected.state);
  assert.equal(
    dict.param_groups.map(({ params }) => params),
    expected.param_groups.map(({ params }) => params),
  );
  machine.optimizer.loadStateDict(dict);
});

test("has the bits of one machine when pushes come in another order than the ranks", async () => {
  const options: RunOptions = { lr: 0.1, momentum: 0.9, workers: 3, elementsPerShard: 70_000 };
  const run = `run-${++runs}`;
  const machine = new OneMachine(options);
  await (await clientOf(server, run)).create(makeParameters(), options);
  const clients = await Promise.all([0, 1, 2].map((rank) => clientOf(server, run, `worker ${rank}`)));
  for (const client of clients) await client.join();
  for (const [step, order] of [
    [0, [2, 1, 0]],
    [1, [1, 0, 2]],
    [2, [0, 2, 1]],
  ] as const) {
    for (const rank of order) {
      const params = makeParameters();
      await clients[rank].pull(params, { step });
      setGradients(params, step, rank);
      assert.equal(await clients[rank].push(params, { step }), { status: "received", step });
    }
    assert.is(await clients[0].next(step), step + 1);
    machine.takeStep();
  }
  await assertSameAs(machine, clients[0]);
});

test.run();
