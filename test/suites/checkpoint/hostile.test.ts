import * as library from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import legacy from "../../fixtures/data/checkpoints/momentum_f32_legacy.pt";
import protocol4 from "../../fixtures/data/checkpoints/momentum_f32_protocol4.pt";
import noncontiguous from "../../fixtures/data/checkpoints/noncontiguous_buffer.pt";
import numpyScalars from "../../fixtures/data/world/numpy_scalars.pt";
import oneCycle from "../../fixtures/data/world/onecycle_1.13.pt";
import python2 from "../../fixtures/data/world/python2_optimizer.pt";
import usersClass from "../../fixtures/data/world/users_class.pt";
import values from "../../fixtures/data/world/values.pt";
import { encodedSamples } from "../../hostile/encoded.js";
import { runHostile } from "../../hostile/hostile.js";
import { deflated, zip64 } from "../../hostile/samples.js";

const test = suite("checkpoint: hostile files");

test("2000 damaged files each give a value, or an error that says what and where, in bounded time and memory", async () => {
  const world = [numpyScalars, oneCycle, python2, usersClass, values];
  const corpus = [legacy, protocol4, noncontiguous, deflated, zip64, ...world, ...encodedSamples(library)];
  const counts = await runHostile({ library, corpus }, 1, 2000);
  assert.is(counts.values + counts.errors, 4000);
  assert.ok(counts.values > 50, `only ${counts.values} files could be read: the damage is too crude to test anything`);
});

test.run();
