// Schedulers, averages and the scaler with values of another realm.

import { createEngine, type Parameter, SGD } from "sgd-wasm";
import { GradScaler } from "sgd-wasm/amp";
import { AveragedModel } from "sgd-wasm/averaging";
import {
  CyclicLR,
  LambdaLR,
  MultiStepLR,
  OneCycleLR,
  ReduceLROnPlateau,
  type Scheduler,
  SequentialLR,
  StepLR,
} from "sgd-wasm/schedule";
import * as assert from "uvu/assert";
import { rounding } from "../../support/context.js";
import { carried, foreign, realmSuite } from "../../support/realm.js";

const test = realmSuite("companions: values of another realm");

function makeOptimizer(): SGD {
  const engine = createEngine({ rounding });
  const params = [engine.parameter(2, { data: [1, 2] }), engine.parameter(1)];
  for (const parameter of params) parameter.ensureGrad().fill(1);
  return new SGD([{ params: [params[0]] }, { params: [params[1]] }], { lr: 0.5, momentum: 0.9 });
}

/** Each is made with options of one realm, and once more with the same options of the other. */
const SCHEDULERS: readonly ((optimizer: SGD, carry: <T>(options: T) => T) => Scheduler)[] = [
  (optimizer, carry) => new StepLR(optimizer, carry({ stepSize: 2, gamma: 0.5 })),
  (optimizer, carry) => new MultiStepLR(optimizer, carry({ milestones: [1, 3] })),
  (optimizer, carry) => new LambdaLR(optimizer, carry({ lrLambda: [(n: number) => 1 / (n + 1), () => 1] })),
  (optimizer, carry) => new CyclicLR(optimizer, carry({ baseLr: [0.1, 0.2], maxLr: [1, 2], stepSizeUp: 2 })),
  (optimizer, carry) => new OneCycleLR(optimizer, carry({ maxLr: [1, 2], totalSteps: 8 })),
  (optimizer, carry) => new ReduceLROnPlateau(optimizer, carry({ patience: 0, minLr: [0.01, 0.02] })),
  (optimizer, carry) => {
    const [first, second] = [new StepLR(optimizer, { stepSize: 1 }), new StepLR(optimizer, { stepSize: 2 })];
    // Schedulers stay ours; the lists of them are the other realm's.
    const lists = carry([[2]]);
    const schedulers = carry === carried ? foreign<Scheduler[]>("[first, second]", { first, second }) : [first, second];
    return new SequentialLR(optimizer, { schedulers, milestones: lists[0] });
  },
];

test("options and state dicts of schedulers", () => {
  for (const make of SCHEDULERS) {
    const [ours, theirs, resumed] = [makeOptimizer(), makeOptimizer(), makeOptimizer()];
    const [expected, scheduler, other] = [
      make(ours, (options) => options),
      make(theirs, carried),
      make(resumed, carried),
    ];
    const step = (one: Scheduler, optimizer: SGD) => {
      optimizer.step();
      (one as { step(metric?: number): void }).step(one instanceof ReduceLROnPlateau ? 1 : undefined);
      return optimizer.paramGroups.map(({ lr }) => lr);
    };
    for (let i = 0; i < 3; i++) assert.equal(step(scheduler, theirs), step(expected, ours), expected.constructor.name);
    other.loadStateDict(carried(expected.stateDict()));
    resumed.loadStateDict(carried(ours.stateDict()));
    for (let i = 0; i < 2; i++) assert.equal(step(other, resumed), step(expected, ours), expected.constructor.name);
  }
});

test("parameters, options and state dicts of averages", () => {
  const parameter = createEngine({ rounding }).parameter(2, { data: [1, 2] });
  const list = foreign<Parameter[]>("[parameter]", { parameter });
  const average = new AveragedModel(list, carried({ method: "ema", decay: 0.5 } as const));
  average.update();
  parameter.data.fill(5);
  average.update();
  assert.equal([...average.params[0].data], [3, 3.5]);
  const other = new AveragedModel(foreign<Map<string, Parameter>>('new Map([["w", parameter]])', { parameter }));
  const same = new AveragedModel([parameter]);
  same.loadStateDict(carried(average.stateDict()));
  assert.equal([...same.params[0].data], [3, 3.5]);
  assert.equal([...other.params[0].data], [5, 5]);
});

test("options and state dicts of the scaler", () => {
  const optimizer = makeOptimizer();
  const scaler = new GradScaler(carried({ initScale: 4, growthInterval: 1 }));
  assert.is(scaler.scale(2), 8);
  assert.is(scaler.step(optimizer, carried({ maxGradNorm: 10 })).skipped, false);
  scaler.update();
  const other = new GradScaler();
  other.loadStateDict(carried(scaler.stateDict()));
  assert.is(other.getScale(), 8);
});

test.run();
