// What is refused, and in which words.

import { sgd, type TfjsOptions } from "sgd-wasm/tfjs";
import * as assert from "uvu/assert";
import { BACKENDS, suiteOn, tf, variable } from "./tf.js";

const wrong: [string, unknown, RegExp][] = [
  ["no learning rate", {}, /didn't specify a value of required optimization parameter lr/],
  ["a negative learning rate", { lr: -1 }, /Invalid learning rate: -1/],
  [
    "tfjs's name of the learning rate",
    { learningRate: 0.1 },
    /sgd has no option 'learningRate': it knows lr, momentum/,
  ],
  ["Nesterov without momentum", { lr: 1, nesterov: true }, /Nesterov momentum requires a momentum/],
  ["an unknown rounding", { lr: 1, rounding: "up" }, /rounding must be "fused" or "separate", got "up"/],
  ["a maxGradNorm that is a text", { lr: 1, maxGradNorm: "1" }, /maxGradNorm must be a number, got string/],
  ["a gradScale of null", { lr: 1, gradScale: null }, /gradScale must be a number, got null/],
  ["no options", undefined, /options of sgd must be an object, got undefined/],
  [
    "a group without a match",
    { lr: 1, groups: [{ lr: 2 }] },
    /match of rule 0 must be a RegExp or a function, got undefined/,
  ],
  [
    "a group that matches a text",
    { lr: 1, groups: [{ match: "bias" }] },
    /match of rule 0 must be a RegExp or a function, got string/,
  ],
  ["groups that are no list", { lr: 1, groups: { match: /bias/ } }, /groups of sgd must be an array, got object/],
];

for (const backend of BACKENDS) {
  const test = suiteOn(backend, "refused");

  for (const [what, options, message] of wrong) {
    test(`${what}`, () => {
      const { numTensors } = tf.memory();
      assert.throws(() => sgd(tf, options as TfjsOptions), message);
      assert.is(tf.memory().numTensors, numTensors);
    });
  }

  test("options without tfjs", () => {
    const alone = sgd as unknown as (options: object) => unknown;
    assert.throws(() => alone({ lr: 0.1 }), /first argument of sgd must be the module of TensorFlow.js, got object/);
    assert.throws(() => (alone as () => unknown)(), /got undefined/);
  });

  test("steps that cannot be made, with nothing changed", () => {
    const [kernel, bias, whole] = [
      variable([1, 2], "kernel"),
      variable([3], "bias"),
      tf.variable(tf.tensor([1], [1], "int32")),
    ];
    const optimizer = sgd(tf, { lr: 1, groups: [{ match: /Bias/ }] });
    const one = tf.tensor([1]);
    const two = tf.tensor([1, 1]);
    const step = (gradients: Parameters<tf.Optimizer["applyGradients"]>[0]) => () =>
      optimizer.applyGradients(gradients);
    assert.throws(step({ kernel: two, bias: one }), /rule 0 \(\/Bias\/\) matches no parameter/);
    assert.throws(step({ elsewhere: one }), /tfjs has no variable elsewhere/);
    assert.throws(step({ kernel: one }), /kernel is float32 \[2\], its gradient float32 \[1\]/);
    assert.throws(
      step({ [whole.name]: one }),
      /is int32 \[1\], its gradient float32 \[1\]: float32 of one shape is trained/,
    );
    assert.throws(
      step([
        { name: "bias", tensor: one },
        { name: "bias", tensor: one },
      ]),
      /bias has two gradients/,
    );
    const gone = tf.tensor([1]);
    gone.dispose();
    assert.throws(step({ bias: gone }), /the gradient of bias was disposed/);
    assert.equal(
      [kernel, bias].map((each) => Array.from(each.dataSync())),
      [[1, 2], [3]],
    );
    assert.is(optimizer.iterations, 0);
    for (const each of [kernel, bias, whole, one, two, optimizer]) each.dispose();
  });

  test("a step after dispose", async () => {
    const one = variable([1], "one");
    const optimizer = sgd(tf, { lr: 1, momentum: 0.9 });
    const gradients = { one: tf.tensor([1]) };
    optimizer.applyGradients(gradients);
    optimizer.dispose();
    optimizer.dispose();
    assert.throws(() => optimizer.applyGradients(gradients), /the optimizer was disposed/);
    assert.equal(Array.from(one.dataSync()), [0]);
    for (const each of [one, gradients.one]) each.dispose();
  });

  for (const gpu of ["webgl", "webgpu", "rn-webgl"]) {
    test(`the ${gpu} backend, when the optimizer is made and when it steps`, async () => {
      const one = variable([1], "one");
      const gradient = tf.tensor([1]);
      const [fresh, used] = [sgd(tf, { lr: 1 }), sgd(tf, { lr: 1 })];
      used.applyGradients({ one: gradient });
      // A processor's backend under that name, because no GPU is needed to be refused.
      tf.registerBackend(gpu, tf.findBackendFactory("cpu"));
      try {
        assert.ok(await tf.setBackend(gpu));
        const reason = new RegExp(`each gradient of ${gpu} would have to come down from the GPU: use tf.setBackend`);
        assert.throws(() => sgd(tf, { lr: 1 }), reason);
        for (const optimizer of [fresh, used]) assert.throws(() => optimizer.applyGradients({ one: gradient }), reason);
      } finally {
        await tf.setBackend(backend);
        tf.removeBackend(gpu);
      }
      assert.equal(Array.from(one.dataSync()), [0]);
      for (const each of [one, gradient, fresh, used]) each.dispose();
    });
  }

  test("another backend than that of the first step", async () => {
    const one = variable([1], "one");
    const gradient = tf.tensor([1]);
    const optimizer = sgd(tf, { lr: 1, momentum: 0.5 });
    optimizer.applyGradients({ one: gradient });
    const other = BACKENDS.find((name) => name !== backend)!;
    await tf.setBackend(other);
    try {
      assert.throws(() => optimizer.applyGradients({ one: gradient }), /backend is .* now: make a new optimizer/);
      const next = sgd(tf, { lr: 1, momentum: 0.5 });
      await next.setWeights(await optimizer.getWeights());
      next.applyGradients({ one: gradient });
      assert.equal(Array.from(one.dataSync()), [-1.5]);
      next.dispose();
      optimizer.dispose();
    } finally {
      await tf.setBackend(backend);
    }
    for (const each of [one, gradient]) each.dispose();
  });

  test.run();
}
