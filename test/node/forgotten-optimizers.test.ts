// Optimizers that are dropped without dispose(): their buffers are freed when the garbage is collected.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createEngine, type Parameter, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("forgotten optimizers");

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Until it is true, or for a long time. */
async function collected(isDone: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !isDone(); i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(isDone());
}

function train(parameter: Parameter): void {
  new SGD([parameter], { lr: 0.1, momentum: 0.9 }).step();
}

test("give their memory back, one after the other", async () => {
  const engine = createEngine({ maximumBytes: 1 << 23 });
  const parameter = engine.parameter(100_000);
  parameter.ensureGrad().fill(1);
  const { allocatedBytes } = engine.info;
  for (let fold = 0; fold < 3; fold++) {
    for (let i = 0; i < 10; i++) train(parameter);
    assert.ok(engine.info.allocatedBytes >= allocatedBytes + 10 * 400_000);
    await collected(() => engine.info.allocatedBytes === allocatedBytes);
  }
});

test("keep their buffers as long as their state is held", async () => {
  const engine = createEngine();
  const [parameter, other] = [engine.parameter(100), engine.parameter(100)];
  for (const { data } of [parameter, other]) data.fill(0);
  for (const one of [parameter, other]) one.ensureGrad().fill(1);
  const { state } = (() => {
    const optimizer = new SGD([parameter], { lr: 0.1, momentum: 0.9 });
    optimizer.step();
    return optimizer;
  })();
  const { allocatedBytes } = engine.info;
  train(other);
  await collected(() => engine.info.allocatedBytes === allocatedBytes);
  assert.equal([...state.get(parameter)!.momentumBuffer!], new Array(100).fill(1));
});

test("do not keep an engine's memory", async () => {
  const memories: WeakRef<WebAssembly.Memory>[] = [];
  const drop = (dispose: boolean) => {
    const engine = createEngine();
    const parameter = engine.parameter(100);
    parameter.ensureGrad().fill(1);
    train(parameter);
    memories.push(new WeakRef(engine.memory));
    if (dispose) engine.dispose();
  };
  for (let i = 0; i < 10; i++) drop(i % 2 === 0);
  await new Promise((resolve) => setTimeout(resolve, 10));
  // Once: no callback about a dropped optimizer has come yet.
  collect();
  const left = memories.filter((memory) => memory.deref() !== undefined).length;
  assert.ok(left <= 1, `${left} memories are left`);
});

test.run();
