// What the calling thread does when another one fails, in the middle of a pass.

import { createEngine } from "sgd-wasm";
import { threadsAvailable } from "sgd-wasm/threads";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Kernel } from "../../../src/kernel/kernel.js";
import { OPERATION } from "../../../src/threads/chunks.js";
import { claim, finish, newControl, PASS, setWorking } from "../../../src/threads/control.js";
import { threadedKernel } from "../../../src/threads/kernel.js";
import { Team } from "../../../src/threads/team.js";
import { kernelOf } from "../../reference/internals.js";
import { rounding } from "../../support/context.js";

const test = suite("threads: a pass");
const threaded = threadsAvailable() ? test : test.skip;

const CHUNKS = 10;

/** A team of the calling thread and one that does not exist, for which `instead` is called with the first chunk. */
function teamOf(instead: (control: ReturnType<typeof newControl>) => void) {
  const control = newControl(2);
  const done: number[] = [];
  const clamp = (x: number) => {
    if (done.length === 0) instead(control);
    done.push(x);
  };
  const kernel = kernelOf(createEngine({ rounding }));
  let stops = 0;
  const fake: Kernel = { ...kernel, float32: { ...kernel.float32, clamp } };
  const team = new Team(fake, control, () => stops++, 50);
  const run = () => {
    done.length = 0;
    control.pass[PASS.args] = 0;
    team.run(OPERATION.clamp, 0, CHUNKS * 16, 16);
    return done.map((address) => address / 64);
  };
  /** A pass so small that the calling thread does it alone. */
  const alone = () => threadedKernel(fake, team).float32.clamp(0, 1, 1);
  return { run, alone, stops: () => stops };
}

threaded("the calling thread does what nobody else claims, its own chunks first", () => {
  const { run } = teamOf(() => {});
  assert.equal(run(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(run(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

threaded("no chunk is done twice", () => {
  const { run } = teamOf((control) => {
    assert.is(claim(control, 1), 5);
    assert.is(claim(control, 0), 1);
    finish(control, 1);
    finish(control, 1);
  });
  assert.equal(run(), [0, 2, 3, 4, 6, 7, 8, 9]);
});

threaded("a chunk that is claimed and never done is an error, after a time", () => {
  const { run, alone, stops } = teamOf((control) => {
    claim(control, 1);
    setWorking(control, 1, 1);
  });
  assert.throws(run, /thread 1 has not done its share within 50 ms: the engine cannot be used any more/);
  assert.is(stops(), 1);
  assert.throws(run, /thread 1 has not done its share/);
  assert.throws(alone, /thread 1 has not done its share/);
});

threaded("a kernel that traps is an error, and the next pass is as ever", () => {
  const { run } = teamOf(() => {
    if (!trapped) {
      trapped = true;
      throw new WebAssembly.RuntimeError("memory access out of bounds");
    }
  });
  let trapped = false;
  assert.throws(run, /the kernel trapped on thread 0/);
  assert.equal(run(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test.run();
