// Schedulers in use: any order of steps follows the formulas, a saved state goes on with the same bits, and what does not fit
// is refused with nothing changed.

import fc from "fast-check";
import { createEngine, SGD } from "sgd-wasm";
import { decodeTorch, encodeTorch } from "sgd-wasm/checkpoint";
import * as library from "sgd-wasm/schedule";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FORMULAS } from "../../reference/schedule-formulas.js";

// biome-ignore lint/suspicious/noExplicitAny: schedulers are looked up by name.
const schedulers = library as Record<string, any>;
const { ChainedScheduler, CosineAnnealingLR, ExponentialLR, LambdaLR, LinearLR, SequentialLR, StepLR } = library;
const test = suite("schedulers");
const RUNS = { seed: 20240301, numRuns: 60 };

/** One for all: thousands of memories make some engines slow. */
const engine = createEngine();

function newOptimizer(...lrs: number[]): SGD {
  const groups = (lrs.length > 0 ? lrs : [0.1]).map((lr) => ({ params: engine.parameter(1), lr }));
  return new SGD(groups, { lr: 0.1, momentum: 0.9 });
}

const ratesOf = ({ paramGroups }: SGD) => paramGroups.map(({ lr }) => lr);

/** Runs it, and returns what it would have printed. */
function printed(method: "log" | "warn", run: () => void): string[] {
  const texts: string[] = [];
  const original = console[method];
  console[method] = (text: string) => texts.push(text);
  try {
    run();
  } finally {
    console[method] = original;
  }
  return texts;
}

const factor = fc.double({ min: 0.05, max: 1, noNaN: true });
const epochs = fc.integer({ min: 1, max: 12 });
const gamma = fc.constantFrom(0.1, 0.5, 0.97, 1.1);
const OPTIONS: Record<string, fc.Arbitrary<object>> = {
  StepLR: fc.record({ stepSize: epochs, gamma }),
  MultiStepLR: fc.record({ milestones: fc.array(epochs, { maxLength: 5 }), gamma }),
  ConstantLR: fc.record({ factor, totalIters: epochs }),
  LinearLR: fc.record({ startFactor: factor, endFactor: factor, totalIters: epochs }),
  ExponentialLR: fc.record({ gamma }),
  PolynomialLR: fc.record({ totalIters: epochs, power: fc.constantFrom(0.5, 1, 1.7, 2) }),
  CosineAnnealingLR: fc.record({ tMax: epochs, etaMin: fc.constantFrom(0, 0.01) }),
};
const moves = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<"step">("step") },
    fc.record({ epoch: fc.integer({ min: 0, max: 15 }) }),
    fc.record({ lr: fc.constantFrom(0.3, 0.02) }),
  ),
  { maxLength: 25 },
);

for (const [name, options] of Object.entries(OPTIONS)) {
  test(`${name} follows its formulas in any order of steps`, () => {
    const property = fc.property(options, moves, (given, sequence) => {
      const optimizer = newOptimizer(0.1, 0.07);
      const { chainable, closed } = FORMULAS[name];
      const scheduler = new schedulers[name](optimizer, given);
      let epoch = 0;
      let expected = [0.1, 0.07].map((lr) => chainable(lr, lr, 0, given));
      assert.equal(ratesOf(optimizer), expected);
      optimizer.step();
      const run = () => {
        for (const move of sequence) {
          if (move === "step") {
            epoch += 1;
            expected = expected.map((lr, i) => chainable(lr, [0.1, 0.07][i], epoch, given));
            scheduler.step();
          } else if ("epoch" in move) {
            epoch = move.epoch;
            expected = [0.1, 0.07].map((lr) => closed(lr, epoch, given));
            scheduler.step(epoch);
          } else {
            expected[1] = move.lr;
            optimizer.paramGroups[1].lr = move.lr;
          }
          assert.equal(ratesOf(optimizer), expected);
          assert.is(scheduler.lastEpoch, epoch);
        }
      };
      assert.is(
        printed("warn", run).length,
        sequence.filter((move) => typeof move === "object" && "epoch" in move).length,
      );
    });
    fc.assert(property, RUNS);
  });
}

/** Every scheduler, in a state with something to keep. */
const MAKERS: Record<string, (optimizer: SGD) => library.Scheduler> = {
  LambdaLR: (optimizer) => new LambdaLR(optimizer, { lrLambda: (epoch) => 1 / (1 + epoch) }),
  MultiplicativeLR: (optimizer) => new library.MultiplicativeLR(optimizer, { lrLambda: () => 0.9 }),
  StepLR: (optimizer) => new StepLR(optimizer, { stepSize: 3 }),
  MultiStepLR: (optimizer) => new library.MultiStepLR(optimizer, { milestones: [2, 9, 9, 12] }),
  ConstantLR: (optimizer) => new library.ConstantLR(optimizer, { totalIters: 11 }),
  LinearLR: (optimizer) => new LinearLR(optimizer, { totalIters: 13 }),
  ExponentialLR: (optimizer) => new ExponentialLR(optimizer, { gamma: 0.95 }),
  PolynomialLR: (optimizer) => new library.PolynomialLR(optimizer, { totalIters: 15, power: 1.5 }),
  CosineAnnealingLR: (optimizer) => new CosineAnnealingLR(optimizer, { tMax: 10, etaMin: 0.001 }),
  CosineAnnealingWarmRestarts: (optimizer) =>
    new library.CosineAnnealingWarmRestarts(optimizer, { t0: 3, tMult: 2, etaMin: 0.001 }),
  CyclicLR: (optimizer) =>
    new library.CyclicLR(optimizer, { baseLr: 0.01, maxLr: 0.1, stepSizeUp: 4, mode: "triangular2" }),
  OneCycleLR: (optimizer) =>
    new library.OneCycleLR(optimizer, { maxLr: 0.2, totalSteps: 18, annealStrategy: "linear" }),
  SWALR: (optimizer) => new library.SWALR(optimizer, { swaLr: 0.05, annealEpochs: 12 }),
  SequentialLR: (optimizer) => {
    const options = { startFactor: 0.1, totalIters: 5 };
    const parts = [new LinearLR(optimizer, options), new CosineAnnealingLR(optimizer, { tMax: 10 })];
    return new SequentialLR(optimizer, { schedulers: parts, milestones: [5] });
  },
  ChainedScheduler: (optimizer) =>
    new ChainedScheduler([new StepLR(optimizer, { stepSize: 4 }), new ExponentialLR(optimizer, { gamma: 0.97 })]),
};

for (const [name, make] of Object.entries(MAKERS)) {
  test(`${name}: a saved state goes on with the same bits, through torch's format too`, () => {
    const optimizer = newOptimizer(0.1, 0.07);
    const groups = ({ paramGroups }: SGD) => paramGroups.map(({ params, ...options }) => options);
    printed("warn", () => {
      const scheduler = make(optimizer);
      for (let i = 0; i < 7; i++) scheduler.step();
      const saved = { optimizer: optimizer.stateDict(), scheduler: scheduler.stateDict() };
      const copies = [structuredClone(saved), decodeTorch(encodeTorch(saved)) as typeof saved];
      const others = copies.map((copy) => {
        const other = newOptimizer(0.3, 0.2);
        const resumed = make(other);
        other.loadStateDict(copy.optimizer);
        resumed.loadStateDict(copy.scheduler);
        return { other, resumed };
      });
      for (let i = 0; i < 10; i++) {
        scheduler.step();
        for (const { other, resumed } of others) {
          resumed.step();
          assert.equal(groups(other), groups(optimizer), `step ${i}`);
          assert.equal(resumed.getLastLr(), scheduler.getLastLr());
        }
      }
      assert.equal(others[0].resumed.stateDict(), scheduler.stateDict());
      // What was saved was a snapshot.
      assert.equal(saved, copies[0]);
    });
  });

  test(`${name}: a state that does not fit is refused, with nothing changed`, () => {
    const optimizer = newOptimizer(0.1, 0.07);
    const scheduler = make(optimizer);
    const before = structuredClone(scheduler.stateDict());
    const wrong: unknown[] = [
      undefined,
      null,
      3,
      "state",
      [before],
      { ...before, _last_lr: "0.1" },
      { ...before, _last_lr: [0.5, "0.1"] },
      { ...before, step: 3 },
      { ...before, constructor: 3 },
      JSON.parse('{ "_last_lr": [1, 1], "__proto__": { "lastEpoch": 5 } }'),
    ];
    if ("last_epoch" in before) wrong.push({ ...before, last_epoch: "5" }, { ...before, last_epoch: null });
    if ("_schedulers" in before) {
      const [state] = before._schedulers as object[];
      wrong.push({ ...before, _schedulers: [state, state, state] }, { ...before, _schedulers: 5 });
      wrong.push({ ...before, _schedulers: [{ ...state, last_epoch: 4 }, { base_lrs: 1 }] });
    }
    for (const dict of wrong) {
      assert.throws(
        () => scheduler.loadStateDict(dict as never),
        (error: Error) => error.name !== "Error",
      );
      assert.equal(scheduler.stateDict(), before);
    }
    assert.is(Object.getPrototypeOf(scheduler).constructor.name, name);
  });
}

test("keys of a state dict are PyTorch's, and keys that are not known are kept", () => {
  const optimizer = newOptimizer();
  const scheduler = new library.CosineAnnealingWarmRestarts(optimizer, { t0: 3 });
  assert.equal(Object.keys(scheduler.stateDict()).sort(), [
    ...["T_0", "T_cur", "T_i", "T_mult", "_last_lr", "_step_count"],
    ...["base_lrs", "eta_min", "last_epoch"],
  ]);
  scheduler.loadStateDict({ my_key: { a: 1 }, last_epoch: 7, _get_lr_called_within_step: false });
  assert.is(scheduler.lastEpoch, 7);
  assert.equal(scheduler.stateDict().my_key, { a: 1 });
  assert.is(scheduler.stateDict()._get_lr_called_within_step, false);
});

test("milestones load from a Map with integers and from an object", () => {
  for (const milestones of [
    new Map([
      [2, 1],
      [4, 2],
    ]),
    { 2: 1, 4: 2 },
  ]) {
    const optimizer = newOptimizer(1);
    const scheduler = new library.MultiStepLR(optimizer, { milestones: [100], gamma: 0.5 });
    scheduler.loadStateDict({ milestones });
    optimizer.step();
    const rates = Array.from({ length: 4 }, () => {
      scheduler.step();
      return optimizer.paramGroups[0].lr;
    });
    assert.equal(rates, [1, 0.5, 0.5, 0.125]);
    assert.equal(
      scheduler.stateDict().milestones,
      new Map([
        [2, 1],
        [4, 2],
      ]),
    );
  }
});

test("a state dict comes as an object or a Map, its learning rates as numbers or as PyTorch 2's tensors", () => {
  const scheduler = new StepLR(newOptimizer(), { stepSize: 3 });
  const half = { dtype: "float32", shape: [], data: Float32Array.of(0.5) };
  scheduler.loadStateDict({ base_lrs: [half], _last_lr: [half], last_epoch: 2 });
  assert.equal([scheduler.baseLrs, scheduler.getLastLr(), scheduler.lastEpoch], [[0.5], [0.5], 2]);
  scheduler.loadStateDict(new Map([["last_epoch", 7]]) as never);
  assert.is(scheduler.lastEpoch, 7);
});

test("ReduceLROnPlateau goes on from JSON, which has no infinity", () => {
  const first = new library.ReduceLROnPlateau(newOptimizer(), { patience: 3 });
  first.step(0.5);
  const second = new library.ReduceLROnPlateau(newOptimizer(), { mode: "max" });
  second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())));
  assert.equal(second.stateDict(), first.stateDict());
});

test("the anneal strategy that PyTorch 2 saves is obeyed", () => {
  const linear = newOptimizer();
  const other = newOptimizer();
  const expected = new library.OneCycleLR(linear, { maxLr: 1, totalSteps: 10, annealStrategy: "linear" });
  const scheduler = new library.OneCycleLR(other, { maxLr: 1, totalSteps: 10 });
  scheduler.loadStateDict({ _anneal_func_type: "linear" });
  const swa = new library.SWALR(newOptimizer(), { swaLr: 0.05 });
  swa.loadStateDict({ _anneal_strategy: "linear" });
  assert.is(swa.annealStrategy, "linear");
  for (const each of [linear, other]) each.step();
  for (let i = 0; i < 9; i++) {
    expected.step();
    scheduler.step();
    assert.equal(ratesOf(other), ratesOf(linear));
  }
  assert.throws(() => scheduler.loadStateDict({ _anneal_func_type: "round" }), /annealStrategy must be one of/);
  // PyTorch 1.13 has functions, of which a file says the names.
  scheduler.loadStateDict({ anneal_func: "torch.optim.lr_scheduler.OneCycleLR._annealing_cos" });
  assert.is(scheduler.annealStrategy, "cos");
  swa.loadStateDict({ anneal_func: "torch.optim.swa_utils.SWALR._cosine_anneal" });
  assert.is(swa.annealStrategy, "cos");
  swa.loadStateDict({ anneal_func: "torch.optim.swa_utils.SWALR._linear_anneal" });
  assert.is(swa.annealStrategy, "linear");
  scheduler.loadStateDict({ anneal_func: { unknown: "builtins.getattr" } });
  assert.not("anneal_func" in scheduler.stateDict());
});

const REFUSED: readonly [() => unknown, RegExp, string][] = [
  [() => new StepLR(undefined as never, { stepSize: 1 }), /^undefined is not an Optimizer/, "TypeError"],
  [() => new StepLR([] as never, { stepSize: 1 }), /^Array is not an Optimizer/, "TypeError"],
  [() => new library.ReduceLROnPlateau(3 as never), /^number is not an Optimizer/, "TypeError"],
  [() => new StepLR(newOptimizer(), {} as never), /^stepSize must be a number, got undefined$/, "TypeError"],
  [() => new StepLR(newOptimizer(), undefined as never), /options of StepLR must be an object/, "TypeError"],
  [
    () => new StepLR(newOptimizer(), { stepSize: "3" as never }),
    /^stepSize must be a number, got string$/,
    "TypeError",
  ],
  [
    () => new StepLR(newOptimizer(), { stepSize: 3, gama: 1 } as never),
    /^StepLR has no option 'gama': it knows stepSize, gamma, lastEpoch, verbose$/,
    "TypeError",
  ],
  [
    () => new ExponentialLR(newOptimizer(), { gamma: 1, lastEpoch: 3 }),
    /^param 'initialLr' is not specified in paramGroups\[0\]/,
    "Error",
  ],
  [
    () => new LambdaLR(newOptimizer(), { lrLambda: 0.5 as never }),
    /^lrLambda should be a function, but got number$/,
    "TypeError",
  ],
  [
    () => new LambdaLR(newOptimizer(), { lrLambda: () => undefined as never }),
    /what lrLambda returns must be a number/,
    "TypeError",
  ],
  [
    () => new library.MultiStepLR(newOptimizer(), { milestones: 5 as never }),
    /milestones must be a list of numbers, got number/,
    "TypeError",
  ],
  [
    () => new library.MultiStepLR(newOptimizer(), { milestones: ["5"] as never }),
    /a milestone must be a number, got string/,
    "TypeError",
  ],
  [
    () => new library.CyclicLR(newOptimizer(), { baseLr: 0.1 } as never),
    /^maxLr must be a number, got undefined$/,
    "TypeError",
  ],
  [
    () => new library.CyclicLR(newOptimizer(), { baseLr: 0.1, maxLr: [0.1, "1"] } as never),
    /expected 1 values for maxLr, got 2/,
    "RangeError",
  ],
  [
    () => new library.CyclicLR(newOptimizer(), { baseLr: 0.1, maxLr: 1, stepSizeUp: "4" as never }),
    /^stepSizeUp must be a number, got string$/,
    "TypeError",
  ],
  [
    () => new library.OneCycleLR(newOptimizer(), { maxLr: 1, totalSteps: 9, pctStart: "0.3" as never }),
    /^pctStart must be a number, got string$/,
    "TypeError",
  ],
  [
    () => new library.MultiStepLR(newOptimizer(), { milestones: [3] }).loadStateDict({ milestones: {} }),
    /^'milestones' is empty: JSON.stringify drops what a Map holds/,
    "TypeError",
  ],
  [() => new StepLR(newOptimizer(), { stepSize: 1 }).loadStateDict([] as never), /got Array$/, "TypeError"],
  [() => new ChainedScheduler([]), /expects at least one scheduler/, "RangeError"],
  [() => new ChainedScheduler(5 as never), /schedulers must be a list of schedulers, got number/, "TypeError"],
  [() => new ChainedScheduler([5] as never), /schedulers\[0\] must be a scheduler, got number/, "TypeError"],
  [
    () => new ChainedScheduler([newOptimizer(), newOptimizer()].map((o) => new StepLR(o, { stepSize: 1 }))),
    /schedulers at index 0 and 1 to be different/,
    "RangeError",
  ],
  [
    () =>
      new SequentialLR(newOptimizer(), { schedulers: [new StepLR(newOptimizer(), { stepSize: 1 })], milestones: [] }),
    /schedulers at index 0 to be different than the optimizer passed in/,
    "RangeError",
  ],
  [
    () => new ChainedScheduler([new StepLR(newOptimizer(), { stepSize: 1 })]).step(3 as never),
    /takes no epoch, got number$/,
    "TypeError",
  ],
  [() => new SequentialLR(null as never, { schedulers: [], milestones: [] }), /^null is not an Optimizer/, "TypeError"],
  [
    () => new ExponentialLR(newOptimizer(), { gamma: 2 }).step("3" as never),
    /^epoch must be a number, got string$/,
    "TypeError",
  ],
  [
    () => new ExponentialLR(newOptimizer(), { gamma: 10 }).step(400),
    /gamma 10 to the power of 400 is no finite real number/,
    "RangeError",
  ],
  [() => new ExponentialLR(newOptimizer(), { gamma: -2 }).step(0.5), /gamma -2 to the power of 0.5/, "RangeError"],
  [
    () => new library.ReduceLROnPlateau(newOptimizer()).step(undefined),
    /^metrics must be a number, got undefined$/,
    "TypeError",
  ],
  [
    () => new library.CosineAnnealingWarmRestarts(newOptimizer(), { t0: 2 }).step(Number.NaN),
    /non-negative epoch/,
    "RangeError",
  ],
];

test("what cannot be used is refused by name", () => {
  for (const [run, message, name] of REFUSED) {
    printed("warn", () => {
      assert.throws(run, (error: Error) => {
        assert.match(error.message, message);
        assert.is(error.name, name, error.message);
        return true;
      });
    });
  }
});

test("a scheduler that is refused has written nothing into the groups", () => {
  const optimizer = newOptimizer(0.1, 0.07);
  const before = optimizer.stateDict().param_groups;
  const refused: (() => unknown)[] = [
    () => new library.CyclicLR(optimizer, { baseLr: 1, maxLr: 2, mode: "square" as never }),
    () => new library.CyclicLR(optimizer, { baseLr: 1, maxLr: 2, maxMomentum: [1] }),
    () => new library.CyclicLR(optimizer, { baseLr: 1, maxLr: 2, speed: 1 } as never),
    () => new library.OneCycleLR(optimizer, { maxLr: 1, totalSteps: 3, divFactor: 0 }),
    () => new library.OneCycleLR(optimizer, { maxLr: 1, totalSteps: 3, baseMomentum: [1] }),
    () => new library.SWALR(optimizer, { swaLr: 1, annealEpochs: 0.5 }),
    () => new StepLR(optimizer, { stepSize: 3, gama: 1 } as never),
    // These fail in their first step.
    () => new library.CyclicLR(optimizer, { baseLr: 1, maxLr: 2, stepSizeUp: 0, stepSizeDown: 2 }),
    () => new library.CyclicLR(optimizer, { baseLr: 1, maxLr: 2, scaleFn: () => "1" as never }),
    () => new LambdaLR(optimizer, { lrLambda: () => "1" as never }),
    () => new library.OneCycleLR(optimizer, { maxLr: 1, totalSteps: 1, pctStart: 1 }),
  ];
  for (const run of refused) assert.throws(run);
  assert.equal(optimizer.stateDict().param_groups, before);
});

test("several sequences in one another, and chains in a sequence", () => {
  const optimizer = newOptimizer(1);
  const rates: number[] = [];
  printed("warn", () => {
    const warm = new ChainedScheduler([
      new library.ConstantLR(optimizer, { factor: 0.5, totalIters: 3 }),
      new ExponentialLR(optimizer, { gamma: 0.5 }),
    ]);
    const rest = new StepLR(optimizer, { stepSize: 2, gamma: 0.1 });
    const scheduler = new SequentialLR(optimizer, { schedulers: [warm, rest], milestones: [3] });
    rates.push(optimizer.paramGroups[0].lr);
    for (let i = 0; i < 5; i++) {
      scheduler.step();
      rates.push(optimizer.paramGroups[0].lr);
    }
  });
  assert.equal(rates, [0.5, 0.25, 0.125, 1, 1, 0.1]);
});

test("a metric that is true or false is 1 or 0", () => {
  const optimizer = newOptimizer(1);
  const scheduler = new library.ReduceLROnPlateau(optimizer, { patience: 0 });
  scheduler.step(false as never);
  scheduler.step(true as never);
  assert.is(optimizer.paramGroups[0].lr, 0.1);
  assert.is(scheduler.best, 0);
});

test("prints every change when asked to", () => {
  const optimizer = newOptimizer(0.1, 0.2);
  const texts = printed("log", () => {
    const scheduler = new StepLR(optimizer, { stepSize: 1, gamma: 0.5, verbose: true });
    optimizer.step();
    scheduler.step();
  });
  assert.equal(texts.slice(2), [
    "Adjusting learning rate of group 0 to 5.0000e-2.",
    "Adjusting learning rate of group 1 to 1.0000e-1.",
  ]);
});

test("anything with groups can be scheduled, and what has no count of steps is not warned about", () => {
  const optimizer = { paramGroups: [{ lr: 1 }] };
  const texts = printed("warn", () => {
    const scheduler = new ExponentialLR(optimizer, { gamma: 0.5 });
    scheduler.step();
    scheduler.step();
    assert.equal(scheduler.getLastLr(), [0.25]);
  });
  assert.equal(texts, []);
});

test("warns once when the optimizer has not stepped, or its step was replaced", () => {
  const warnings = (prepare: (optimizer: SGD) => void) => {
    const optimizer = newOptimizer();
    const scheduler = new StepLR(optimizer, { stepSize: 1 });
    prepare(optimizer);
    return printed("warn", () => {
      scheduler.step();
      scheduler.step();
    }).map((text) => text.slice(0, 17));
  };
  assert.equal(
    warnings(() => {}),
    ["Detected call of "],
  );
  assert.equal(
    warnings((optimizer) => optimizer.step()),
    [],
  );
  assert.equal(
    warnings((optimizer) => {
      optimizer.step = () => undefined as never;
    }),
    ["Seems like `optim"],
  );
});

test.run();
