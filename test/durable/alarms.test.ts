// A step that is decided is taken although nobody asks for it any more: the coordinator's alarm goes on.

import type { RunOptions } from "sgd-wasm/durable";
import * as assert from "uvu/assert";
import { suite } from "../harness/suite.js";
import { assertSameAs, makeParameters, OneMachine, type Shape, setGradients } from "./model.js";
import { clientOf, setFault, startServer } from "./server.js";

const test = suite("alarms");
let server: Awaited<ReturnType<typeof startServer>>;
test.before(async () => {
  server = await startServer({ worker: "faulty" });
});
test.after(() => server.dispose());

const SHAPES: Shape[] = [[[60]], [[5], "float64"]];
const OPTIONS: RunOptions = { lr: 0.1, momentum: 0.9 };
const ALARM_MS = 200;
const LOOKS = 200;

const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

let runs = 0;
for (const [title, fault, times, alarmsAtLeast] of [
  ["the coordinator stops", { point: "coordinator before commit", nth: 1 }, 1, 1],
  // A call is made five times before it is given up.
  ["the shard stops again and again", { point: "shard before UPDATE state", nth: 1, times: 11 }, 11, 2],
] as const) {
  test(title, async () => {
    const run = `run-${++runs}`;
    const client = await clientOf(server, run);
    const params = makeParameters(SHAPES);
    await client.create(params, OPTIONS);
    await client.join();
    setGradients(params, 0, 0);
    await setFault(server, { ...fault, alarmMs: ALARM_MS });
    await client.push(params, { step: 0 });
    // To ask for the status drives nothing.
    for (let look = 0; look < LOOKS && (await client.status()).step === 0; look++) await pause();
    const { fired, alarms } = await setFault(server, null);
    assert.is(fired, times);
    assert.ok(alarms >= alarmsAtLeast, `${alarms} alarms`);
    const machine = new OneMachine(OPTIONS, SHAPES);
    machine.takeStep();
    await assertSameAs(machine, client, SHAPES);
  });
}

test.run();
