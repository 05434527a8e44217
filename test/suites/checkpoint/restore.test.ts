import { SGD } from "sgd-wasm";
import { decodeTorch, encodeTorch, restoreParameters, saveParameters } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { comparable } from "../../hostile/comparable.js";
import { float32, model, step, trained } from "../../models/training.js";

const test = suite("checkpoint: restored whole or not at all");

/** All there is to be restored, as plain data. */
function everything({ parameters, optimizer }: Pick<ReturnType<typeof trained>, "parameters" | "optimizer">) {
  return JSON.stringify(comparable({ model: saveParameters(parameters), optimizer: optimizer.stateDict() }));
}

test("restoreParameters puts a checkpoint into parameters and optimizer that exist", () => {
  const { parameters, optimizer } = trained();
  const saved = { model: saveParameters(parameters), optimizer: optimizer.stateDict() };
  const then = everything({ parameters, optimizer });
  step(parameters, optimizer);
  assert.is.not(everything({ parameters, optimizer }), then);
  restoreParameters(parameters, saved.model, { optimizer, state: saved.optimizer });
  assert.is(everything({ parameters, optimizer }), then);
});

const faults: [title: string, damage: (saved: ReturnType<typeof savedOf>) => void, message: RegExp][] = [
  ["a tensor is missing", ({ model }) => delete model["norm.weight"], /"norm\.weight" is missing/],
  [
    "a tensor has another shape",
    ({ model }) => Object.assign(model, { "norm.weight": float32(1) }),
    /shape \[1\], the parameter \[2\]/,
  ],
  [
    "a tensor lies about its shape",
    ({ model }) => model["head.weight"].shape.push(2),
    /"head\.weight" has shape \[2\] and 1/,
  ],
  [
    "the optimizer has another number of groups",
    ({ optimizer }) => optimizer.param_groups.pop(),
    /number of parameter groups/,
  ],
  [
    "a momentum buffer has another shape",
    ({ optimizer }) => optimizer.state[0].momentum_buffer?.shape.pop(),
    /momentum_buffer of state entry 0/,
  ],
  [
    "a momentum buffer holds integers",
    ({ optimizer }) =>
      Object.assign(optimizer.state[2], { momentum_buffer: { ...model()["norm.num_batches_tracked"] } }),
    /int64/,
  ],
  ["an option is no number", ({ optimizer }) => Object.assign(optimizer.param_groups[0], { lr: "fast" }), /lr/],
];

function savedOf({ parameters, optimizer }: ReturnType<typeof trained>) {
  return { model: saveParameters(parameters), optimizer: optimizer.stateDict() };
}

for (const [title, damage, message] of faults) {
  test(`where ${title}, parameters and optimizer stay as they were`, () => {
    const training = trained();
    const saved = savedOf(training);
    step(training.parameters, training.optimizer);
    const before = everything(training);
    damage(saved);
    const { parameters, optimizer } = training;
    assert.throws(() => restoreParameters(parameters, saved.model, { optimizer, state: saved.optimizer }), message);
    assert.is(everything(training), before);
  });
}

test("a file cut off anywhere is refused before anything is restored", () => {
  const training = trained();
  const file = encodeTorch(savedOf(training));
  const before = everything(training);
  for (let length = 0; length < file.length; length += 97) {
    assert.throws(() => {
      const { model, optimizer: state } = decodeTorch(file.subarray(0, length));
      restoreParameters(training.parameters, model, { optimizer: training.optimizer, state });
    }, `${length} bytes`);
  }
  assert.is(everything(training), before);
});

test("views of the engine's own memory can be restored although loading makes it grow", () => {
  const { engine, parameters, optimizer } = trained();
  const saved = { model: saveParameters(parameters, { live: true }), optimizer: optimizer.stateDict() };
  const fresh = new SGD(Object.values(parameters), { lr: 1 });
  engine.parameter(1 << 14);
  restoreParameters(parameters, saveParameters(parameters, { live: true }), {
    optimizer: fresh,
    state: saved.optimizer,
  });
  assert.is(JSON.stringify(comparable(fresh.stateDict())), JSON.stringify(comparable(saved.optimizer)));
});

test.run();
