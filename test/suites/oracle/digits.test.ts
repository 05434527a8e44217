// PyTorch's own training of a network on images of digits: its gradients give its parameters.

import { createEngine, SGD, type SGDOptions } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import momentumBuffers from "../../fixtures/data/digits/mlp_f32_momentum/buffers_final.bin";
import momentumGrads from "../../fixtures/data/digits/mlp_f32_momentum/grads.bin";
import momentumMeta from "../../fixtures/data/digits/mlp_f32_momentum/meta.json";
import momentumParams from "../../fixtures/data/digits/mlp_f32_momentum/params.bin";
import momentumStart from "../../fixtures/data/digits/mlp_f32_momentum/params0.bin";
import nesterovBuffers from "../../fixtures/data/digits/mlp_f32_nesterov_wd/buffers_final.bin";
import nesterovGrads from "../../fixtures/data/digits/mlp_f32_nesterov_wd/grads.bin";
import nesterovMeta from "../../fixtures/data/digits/mlp_f32_nesterov_wd/meta.json";
import nesterovParams from "../../fixtures/data/digits/mlp_f32_nesterov_wd/params.bin";
import nesterovStart from "../../fixtures/data/digits/mlp_f32_nesterov_wd/params0.bin";
import { camelCase } from "../../reference/spelling.js";
import { assertSameBits } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";

interface Recording {
  meta: { name: string; steps: number; hyper: object; shapes: unknown; n_params: number };
  start: Uint8Array<ArrayBuffer>;
  grads: Uint8Array<ArrayBuffer>;
  params: Uint8Array<ArrayBuffer>;
  buffers: Uint8Array<ArrayBuffer>;
}

const RECORDINGS: Recording[] = [
  {
    meta: momentumMeta,
    start: momentumStart,
    grads: momentumGrads,
    params: momentumParams,
    buffers: momentumBuffers,
  },
  {
    meta: nesterovMeta,
    start: nesterovStart,
    grads: nesterovGrads,
    params: nesterovParams,
    buffers: nesterovBuffers,
  },
];

const test = suite("digits");

/** A copy, because the bytes of a file need not be aligned. */
const floats = (bytes: Uint8Array) => new Float32Array(bytes.slice().buffer);

/** The tensors of the network one after the other, and the optimizer of the recording. */
function network({ meta, start }: Recording, extra: SGDOptions = {}) {
  const engine = createEngine({ rounding });
  const shapes = meta.shapes as [string, number[]][];
  let end = 0;
  const tensors = shapes.map(([name, shape]) => {
    const begin = end;
    end += shape.reduce((product, n) => product * n, 1);
    return { begin, end, parameter: engine.parameter(shape, { name, data: floats(start).slice(begin, end) }) };
  });
  const options = { ...camelCase({ ...meta.hyper }), ...extra };
  return {
    tensors,
    optimizer: new SGD(
      tensors.map(({ parameter }) => parameter),
      options,
    ),
  };
}

for (const recording of RECORDINGS) {
  const { meta } = recording;
  const size = meta.n_params;

  function train(extra: SGDOptions, afterStep: (run: ReturnType<typeof network>, step: number) => void) {
    const run = network(recording, extra);
    const grads = floats(recording.grads);
    for (let step = 0; step < meta.steps; step++) {
      for (const { parameter, begin, end } of run.tensors) {
        parameter.ensureGrad().set(grads.subarray(step * size + begin, step * size + end));
      }
      run.optimizer.step();
      afterStep(run, step);
    }
    return run;
  }

  test(`${meta.name} has PyTorch's parameters after each of ${meta.steps} steps, and its buffers at the end`, () => {
    assert.is(meta.steps, 50);
    // With two roundings, the test below says what can be said.
    if (rounding === "separate") return;
    const params = floats(recording.params);
    for (const foreach of [null, false, true]) {
      const { tensors, optimizer } = train({ foreach }, (run, step) => {
        for (const { parameter, begin, end } of run.tensors) {
          const expected = params.subarray(step * size + begin, step * size + end);
          assertSameBits(parameter.data, expected, `${parameter.name} after step ${step}`);
        }
      });
      const buffers = floats(recording.buffers);
      for (const { parameter, begin, end } of tensors) {
        const { momentumBuffer } = optimizer.state.get(parameter)!;
        assertSameBits(momentumBuffer!, buffers.subarray(begin, end), `buffer of ${parameter.name}`);
      }
    }
  });

  test(`${meta.name} ends near PyTorch's parameters, with the same bits on every runtime`, () => {
    const final = floats(recording.params).subarray((meta.steps - 1) * size);
    const largest = final.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    const { tensors } = train({}, () => {});
    for (const { parameter, begin } of tensors) {
      parameter.data.forEach((x, i) => {
        // Two roundings instead of one: below 2.3e-7 of the largest parameter in 100 steps.
        assert.ok(Math.abs(x - final[begin + i]) <= 2.3e-7 * largest);
      });
      record(meta.name, parameter.data);
    }
  });
}

test.run();
