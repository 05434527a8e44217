// The other half of torch_training.py, which calls it with the file of PyTorch's and the name of its own.

import { deepStrictEqual } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { AveragedModel, type AveragedModelState } from "../../src/averaging/index.js";
import { decodeTorch, encodeTorch } from "../../src/checkpoint/index.js";
import { createEngine, type Parameter, SGD, type StateDict } from "../../src/index.js";
import * as schedule from "../../src/schedule/index.js";

interface Content {
  optimizer: StateDict;
  scheduler: schedule.SchedulerState;
  rows: number[][];
}

const SCHEDULERS: Record<string, (optimizer: SGD) => schedule.Scheduler> = {
  MultiStepLR: (o) => new schedule.MultiStepLR(o, { milestones: [2, 4, 9] }),
  CosineAnnealingLR: (o) => new schedule.CosineAnnealingLR(o, { tMax: 10 }),
  CosineAnnealingWarmRestarts: (o) => new schedule.CosineAnnealingWarmRestarts(o, { t0: 3, tMult: 2 }),
  OneCycleLR: (o) => new schedule.OneCycleLR(o, { maxLr: 0.5, totalSteps: 30 }),
  CyclicLR: (o) => new schedule.CyclicLR(o, { baseLr: 0.01, maxLr: 0.1, stepSizeUp: 4 }),
  ReduceLROnPlateau: (o) => new schedule.ReduceLROnPlateau(o, { patience: 0 }),
  SequentialLR: (o) => {
    const schedulers = [new schedule.ConstantLR(o), new schedule.ExponentialLR(o, { gamma: 0.9 })];
    return new schedule.SequentialLR(o, { schedulers, milestones: [3] });
  },
};

interface Training {
  parameter: Parameter;
  optimizer: SGD;
  scheduler: schedule.Scheduler;
}

function start(name: string, lr: number): Training {
  const parameter = createEngine().parameter(2, { data: [1, 2] });
  const optimizer = new SGD([parameter], { lr, momentum: 0.9 });
  return { parameter, optimizer, scheduler: SCHEDULERS[name](optimizer) };
}

function train({ parameter, optimizer, scheduler }: Training, steps: number): number[][] {
  return Array.from({ length: steps }, () => {
    parameter.grad = [1, 1];
    optimizer.step();
    scheduler.step(scheduler instanceof schedule.ReduceLROnPlateau ? 1 : undefined);
    const [{ lr, momentum }] = optimizer.paramGroups;
    return [lr, momentum];
  });
}

function saved(name: string): Content {
  const training = start(name, 0.1);
  train(training, 5);
  const { optimizer, scheduler } = training;
  const content = { optimizer: optimizer.stateDict(), scheduler: scheduler.stateDict() };
  return { ...content, rows: train(training, 8) };
}

const [from, to] = process.argv.slice(2);
console.warn = () => {}; // the milestone of SequentialLR
const theirs = decodeTorch(readFileSync(from)) as Record<string, Content> & { average: AveragedModelState };
const ours: Record<string, unknown> = {};
for (const name of Object.keys(SCHEDULERS)) {
  const training = start(name, 9);
  training.optimizer.loadStateDict(theirs[name].optimizer);
  training.scheduler.loadStateDict(theirs[name].scheduler);
  deepStrictEqual(train(training, 8), theirs[name].rows, name);
  ours[name] = saved(name);
}

const engine = createEngine();
const model = { weight: engine.parameter([2, 2]), bias: engine.parameter(2) };
const average = new AveragedModel(model);
average.loadStateDict(theirs.average);
deepStrictEqual([average.nAveraged, ...average.params[0].data], [3, ...new Array(4).fill(Math.fround(7 / 3))]);
average.nAveraged = 0;
for (const value of [1, 2]) {
  model.weight.data.fill(value);
  average.update();
}
ours.average = average.stateDict();
ours.weight = [...average.params[0].data];
writeFileSync(to, encodeTorch(ours));
