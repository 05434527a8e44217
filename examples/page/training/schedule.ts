// The scheduler of the learning rate, one of several that the page offers, stepped once a step.

import type { SGD } from "sgd-wasm";
import { CosineAnnealingLR, ExponentialLR, LinearLR, type SchedulerState, StepLR } from "sgd-wasm/schedule";
import { DEFAULTS } from "../../digits/defaults.js";
import type { ScheduleName } from "../protocol.js";

const MAKE = {
  constant: () => null,
  LinearLR: (optimizer: SGD) => new LinearLR(optimizer, { startFactor: 0.1, totalIters: DEFAULTS.steps / 4 }),
  StepLR: (optimizer: SGD) => new StepLR(optimizer, { stepSize: DEFAULTS.steps / 4, gamma: 0.5 }),
  ExponentialLR: (optimizer: SGD) => new ExponentialLR(optimizer, { gamma: 0.995 }),
  CosineAnnealingLR: (optimizer: SGD) => new CosineAnnealingLR(optimizer, { tMax: DEFAULTS.steps }),
} as const;

export interface SavedSchedule {
  name: ScheduleName;
  /** the scheduler's state dict */
  state: SchedulerState | null;
}

export class Schedule {
  name: ScheduleName = "constant";
  #scheduler: ReturnType<(typeof MAKE)[ScheduleName]> = null;
  readonly #optimizer: SGD;

  constructor(optimizer: SGD) {
    this.#optimizer = optimizer;
  }

  /** Begins the schedule at the learning rate that is in force. */
  choose(name: ScheduleName): void {
    for (const group of this.#optimizer.paramGroups) delete group.initialLr;
    this.#scheduler = MAKE[name](this.#optimizer);
    this.name = name;
  }

  step(): void {
    this.#scheduler?.step();
  }

  save(): SavedSchedule {
    return { name: this.name, state: this.#scheduler?.stateDict() ?? null };
  }

  /** Goes on where a schedule was saved: its state, and the groups' options as they are. */
  restore({ name, state }: SavedSchedule): void {
    const options = this.#optimizer.paramGroups.map((group) => ({ ...group }));
    this.choose(name);
    for (const [i, group] of this.#optimizer.paramGroups.entries()) Object.assign(group, options[i]);
    if (state !== null) this.#scheduler?.loadStateDict(state);
  }
}
