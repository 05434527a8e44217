import * as library from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import legacy from "../../fixtures/data/checkpoints/momentum_f32_legacy.pt";
import protocol4 from "../../fixtures/data/checkpoints/momentum_f32_protocol4.pt";
import noncontiguous from "../../fixtures/data/checkpoints/noncontiguous_buffer.pt";
import { encodedSamples } from "../../hostile/encoded.js";
import { runHostile } from "../../hostile/hostile.js";
import { deflated, zip64 } from "../../hostile/samples.js";

const test = suite("checkpoint: hostile files");

test("2000 damaged files each give a value, or an error that says what and where, in bounded time and memory", async () => {
  const corpus = [legacy, protocol4, noncontiguous, deflated, zip64, ...encodedSamples(library)];
  const { values, errors } = await runHostile({ library, corpus }, 1, 2000);
  assert.is(values + errors, 4000);
  assert.ok(values > 50, `only ${values} files could be read: the damage is too crude to test anything`);
});

test.run();
