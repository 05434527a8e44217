// The scenarios of schedulers.json, carried out with this package's schedulers.

import { createEngine, type ParamGroupInit, SGD, type StateDict } from "sgd-wasm";
import * as schedulers from "sgd-wasm/schedule";
import type { JsonNumber } from "./spelling.js";

/** One for all: thousands of memories make some engines slow. */
const engine = createEngine();

type Options = Record<string, unknown>;
interface Spec {
  type: string;
  options: Options;
}

export interface ScheduleOperation {
  op: string;
  scheduler?: Spec;
  no_optimizer_step?: boolean;
  n?: number;
  every?: number;
  epoch?: number;
  metrics?: JsonNumber;
  values?: JsonNumber[];
  group?: number | Options;
  groups?: Options[];
  key?: string;
  value?: unknown;
  slot?: string;
}

export interface ScheduleResult {
  lr?: number[] | number[][];
  momentum?: number[] | number[][];
  lr_sha256?: string;
  momentum_sha256?: string;
  bad?: number[];
  cooldown?: number[];
  best?: JsonNumber[];
  last_lr?: number[] | null;
  last_epoch?: number | null;
  state?: Options;
  groups?: Options[];
  values?: number[];
  warnings?: Record<string, number>;
  error?: string;
  message?: string;
}

export interface ScheduleScenario {
  name: string;
  groups: Options[];
  momentum?: boolean;
  ops: ScheduleOperation[];
  result: ScheduleResult[];
  /** in the place of `result` where functions are correctly rounded */
  exact?: ScheduleResult[];
}

const FUNCTIONS: Record<string, (x: number) => number> = {
  inverse: (x) => 1 / (1 + x),
  warmup10: (x) => Math.min(1, (x + 1) / 10),
  halves: (x) => (x % 2 ? 0.5 : 1),
  constant: () => 0.95,
  floor30: (x) => Math.floor(x / 30),
  down20: (x) => Math.max(0, 1 - x / 20),
};
const NAMES: Record<string, string> = { T_max: "tMax", T_0: "t0", T_mult: "tMult" };

/** PyTorch's name of an option in this package's spelling. */
export function optionName(key: string): string {
  return NAMES[key] ?? key.replace(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
}

// biome-ignore lint/suspicious/noExplicitAny: operations are looked up by name.
type Anything = any;

export class ScheduleRun {
  optimizer: SGD;
  scheduler: Anything;
  readonly #withMomentum: boolean;
  readonly #slots = new Map<string, { scheduler: Options; optimizer: StateDict }>();

  constructor({ groups, momentum = false }: ScheduleScenario) {
    this.optimizer = optimizerOf(groups);
    this.#withMomentum = momentum;
  }

  /** What the operation has left: rows of learning rates, errors, whatever it asks for. */
  perform(operation: ScheduleOperation): ScheduleResult {
    const warnings: Record<string, number> = {};
    const { warn } = console;
    console.warn = (text: string) => {
      const name = nameOfWarning(text);
      warnings[name] = (warnings[name] ?? 0) + 1;
    };
    const rows: Anything[] = [];
    let result: Anything = {};
    try {
      if (operation.op === "optimizer") this.optimizer = optimizerOf(operation.groups!);
      else result = (this as Anything)[operation.op](operation, rows) ?? {};
    } catch (error) {
      result = { error: (error as Error).name, message: (error as Error).message };
    } finally {
      console.warn = warn;
    }
    for (const key of Object.keys(rows[0] ?? {})) result[key] = rows.map((row) => row[key]);
    if (Object.keys(warnings).length > 0) result.warnings = warnings;
    return result;
  }

  create({ scheduler, no_optimizer_step: noStep }: ScheduleOperation): ScheduleResult {
    this.scheduler = build(scheduler!, this.optimizer);
    const result = this.#look();
    if (!noStep) this.optimizer.step();
    return result;
  }

  step({ n = 1, epoch, metrics }: ScheduleOperation, rows: ScheduleResult[]): void {
    for (let i = 0; i < n; i++) {
      if (metrics === undefined) this.scheduler.step(epoch);
      else this.scheduler.step(Number(metrics), epoch);
      rows.push(this.#look());
    }
  }

  metrics({ values }: ScheduleOperation, rows: unknown[]): void {
    for (const value of values!) {
      this.scheduler.step(Number(value));
      const { numBadEpochs: bad, cooldownCounter: cooldown, best } = this.scheduler;
      rows.push({ ...this.#look(), bad, cooldown, best });
    }
  }

  set({ group, key, value }: ScheduleOperation): void {
    this.optimizer.paramGroups[group as number][key!] = value;
  }

  add_group({ group }: ScheduleOperation): void {
    this.optimizer.addParamGroup(newGroup(group as Options));
  }

  save({ slot }: ScheduleOperation): void {
    this.#slots.set(
      slot!,
      structuredClone({ scheduler: this.scheduler.stateDict(), optimizer: this.optimizer.stateDict() }),
    );
  }

  load({ slot }: ScheduleOperation): void {
    this.scheduler.loadStateDict(this.#slots.get(slot!)!.scheduler);
  }

  load_optimizer({ slot }: ScheduleOperation): ScheduleResult {
    this.optimizer.loadStateDict(this.#slots.get(slot!)!.optimizer);
    return this.#look();
  }

  expect(): ScheduleResult {
    const groups = this.optimizer.stateDict().param_groups.map(({ params, ...options }) => options);
    return {
      last_lr: this.scheduler.getLastLr(),
      last_epoch: this.scheduler.lastEpoch ?? null,
      state: this.scheduler.stateDict(),
      groups,
    };
  }

  get_lr(): ScheduleResult {
    return { values: this.scheduler.getLr() };
  }

  #look(): ScheduleResult {
    const { paramGroups } = this.optimizer;
    const lr = paramGroups.map((group) => group.lr);
    return this.#withMomentum ? { lr, momentum: paramGroups.map((group) => group.momentum) } : { lr };
  }
}

function newGroup(options: Options): ParamGroupInit {
  const renamed = Object.entries(options).map(([key, value]) => [optionName(key), value]);
  return { params: engine.parameter(1), ...Object.fromEntries(renamed) };
}

function optimizerOf(groups: Options[]): SGD {
  return new SGD(groups.map(newGroup), { lr: 0.1 });
}

function build({ type, options }: Spec, optimizer: SGD): unknown {
  const made: Options = {};
  for (const [key, value] of Object.entries(options)) made[optionName(key)] = optionOf(key, value, optimizer);
  const Type = (schedulers as Anything)[type];
  return type === "ChainedScheduler" ? new Type(made.schedulers) : new Type(optimizer, made);
}

function optionOf(key: string, value: Anything, optimizer: SGD): unknown {
  if (key === "schedulers") return value.map((spec: Spec) => build(spec, optimizer));
  if (key !== "lr_lambda" && key !== "scale_fn") return value;
  return Array.isArray(value) ? value.map(({ fn }) => FUNCTIONS[fn]) : FUNCTIONS[value.fn];
}

function nameOfWarning(text: string): string {
  if (text.startsWith("The epoch parameter in `scheduler.step()` was not necessary")) return "epoch";
  if (text.startsWith("Detected call of `lr_scheduler.step()` before `optimizer.step()`")) return "order";
  if (text.startsWith("Seems like `optimizer.step()` has been overridden")) return "overridden";
  return text.startsWith("To get the last learning rate computed by the scheduler") ? "get_lr" : text;
}
