// Steps of variables, against an SGD in a memory of its own that gets the same gradients.

import fc from "fast-check";
import { createEngine, SGD } from "sgd-wasm";
import { sgd, type TfjsOptions } from "sgd-wasm/tfjs";
import * as assert from "uvu/assert";
import { BACKENDS, nextTask, suiteOn, tf, variable } from "./tf.js";

const SIZES = [1, 3, 4, 5, 33, 257];
const NAMES = SIZES.map((size, i) => (i % 2 === 0 ? `kernel${size}` : `bias${size}`));

/** Values whose bits tell how a step rounds. */
const values = (size: number, seed: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(seed * 97 + i));
/** Of one step; null where there is none. */
type Gradients = (Float32Array | null)[];

const factor = fc.double({ min: 0, max: 1, noNaN: true });
const hyperparameters = fc.record(
  { momentum: factor, dampening: factor, weightDecay: factor, maximize: fc.boolean() },
  { requiredKeys: [] },
);
const options = fc.record({
  common: hyperparameters,
  bias: fc.option(hyperparameters),
  lr: factor,
  rounding: fc.constantFrom("fused" as const, "separate" as const),
  clipping: fc.record({ maxGradNorm: factor, gradScale: factor }, { requiredKeys: [] }),
  nesterov: fc.boolean(),
});
const steps = fc.array(fc.array(fc.boolean(), { minLength: SIZES.length, maxLength: SIZES.length }), { maxLength: 4 });

for (const backend of BACKENDS) {
  const test = suiteOn(backend, "steps");

  test("any options and gradients give the bits of an SGD in a memory of its own", async () => {
    await fc.assert(
      fc.asyncProperty(options, steps, async ({ common, bias, lr, rounding, clipping, nesterov }, present) => {
        const all = { lr, ...common, ...(nesterov ? { nesterov, momentum: 0.9, dampening: 0 } : {}) };
        const rule = { lr: lr / 2, nesterov: false, ...bias };
        const gradients = present.map((flags, step): Gradients => {
          return flags.map((flag, i) => (flag ? values(SIZES[i], 1000 * (step + 1) + i) : null));
        });
        const groups = bias ? [{ match: /^bias/, ...rule }] : [];
        const trained = train({ ...all, ...clipping, rounding, groups }, gradients);
        assert.equal(trained, reference(all, bias ? rule : {}, rounding, clipping, gradients));
        await nextTask();
      }),
      { numRuns: 100 },
    );
  });

  test.run();
}

/** By the optimizer of tfjs: the variables' values. */
function train(options: TfjsOptions, gradients: Gradients[]): Float32Array[] {
  const variables = SIZES.map((size, i) => variable(values(size, i), NAMES[i]));
  const optimizer = sgd(tf, options);
  for (const step of gradients) {
    tf.tidy(() => {
      const named = NAMES.map((name, i) => ({ name, tensor: step[i] && tf.tensor(step[i]) }));
      optimizer.applyGradients(named as { name: string; tensor: tf.Tensor }[]);
    });
  }
  const trained = variables.map((each) => each.dataSync<"float32">().slice());
  for (const each of [optimizer, ...variables]) each.dispose();
  return trained;
}

/** By an SGD alone. */
function reference(
  all: TfjsOptions,
  bias: object,
  rounding: TfjsOptions["rounding"],
  clipping: object,
  gradients: Gradients[],
): Float32Array[] {
  const engine = createEngine({ rounding });
  const parameters = SIZES.map((size, i) => engine.parameter(size, { data: values(size, i) }));
  const groups = [
    { params: parameters.filter((_, i) => NAMES[i].startsWith("bias")), ...bias },
    { params: parameters.filter((_, i) => !NAMES[i].startsWith("bias")) },
  ];
  const alone = new SGD(groups, all);
  for (const step of gradients) {
    for (const [i, parameter] of parameters.entries()) parameter.grad = step[i];
    alone.step(null, clipping);
  }
  const trained = parameters.map(({ data }) => data.slice());
  engine.dispose();
  return trained;
}
