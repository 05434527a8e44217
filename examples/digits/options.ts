// The command line.

import { parseArgs } from "node:util";
import { TRAINING_ROWS } from "./data.js";
import { DEFAULTS } from "./defaults.js";
import type { Precision } from "./precision.js";

export interface Options {
  steps: number;
  batchSize: number;
  lr: number;
  momentum: number;
  dampening: number;
  weightDecay: number;
  nesterov: boolean;
  maximize: boolean;
  seed: number;
  dtype: Precision;
  rounding: "fused" | "separate";
  svg: string;
  quiet: boolean;
}

/** Something on the command line is wrong; the message says what. */
export class UsageError extends Error {}

export const HELP = `Trains a 64-24-10 tanh network on handwritten digits with sgd-wasm, and compares it with what
PyTorch got from the same start.

  npm start -- [options]

  --steps N           optimizer steps; 30 are an epoch at the default batch size (${DEFAULTS.steps})
  --batch-size N      images per step, 1 to ${TRAINING_ROWS} (${DEFAULTS.batchSize})
  --lr X              learning rate (${DEFAULTS.lr})
  --momentum X        momentum factor (${DEFAULTS.momentum})
  --dampening X       dampening of the momentum (0)
  --weight-decay X    weight decay, an L2 penalty (0)
  --nesterov          Nesterov momentum; wants a momentum and no dampening
  --maximize          maximize the log-likelihood instead of minimizing the loss: the same bits
  --seed N            seed of the initial values, 0 to ${2 ** 32 - 1} (${DEFAULTS.seed})
  --dtype T           float32 or float64 (float32)
  --rounding R        fused: multiply-add rounds once, as PyTorch's; separate: twice (fused)
  --svg PATH          where to write the loss curve (out/digits-loss.svg)
  --quiet             no progress, only the result
  -h, --help          this text

The final parameters, and so their hash, are the same on every machine and runtime. The comparison with
PyTorch is made when the options are those of its recorded run: all but --dtype, --maximize, --svg and --quiet at their defaults
(--maximize changes no bit, --dtype has a recorded run for each).
`;

const FLAGS = {
  steps: { type: "string", default: String(DEFAULTS.steps) },
  "batch-size": { type: "string", default: String(DEFAULTS.batchSize) },
  lr: { type: "string", default: String(DEFAULTS.lr) },
  momentum: { type: "string", default: String(DEFAULTS.momentum) },
  dampening: { type: "string", default: String(DEFAULTS.dampening) },
  "weight-decay": { type: "string", default: String(DEFAULTS.weightDecay) },
  nesterov: { type: "boolean", default: DEFAULTS.nesterov },
  maximize: { type: "boolean", default: DEFAULTS.maximize },
  seed: { type: "string", default: String(DEFAULTS.seed) },
  dtype: { type: "string", default: DEFAULTS.dtype },
  rounding: { type: "string", default: DEFAULTS.rounding },
  svg: { type: "string", default: "out/digits-loss.svg" },
  quiet: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** @throws UsageError */
export function parseOptions(args: string[]): Options | "help" {
  const flags = readFlags(args);
  if (flags.help) return "help";
  const options: Options = {
    steps: integer("--steps", flags.steps, 1, Number.MAX_SAFE_INTEGER),
    batchSize: integer("--batch-size", flags["batch-size"], 1, TRAINING_ROWS),
    lr: number("--lr", flags.lr, 0),
    momentum: number("--momentum", flags.momentum, 0),
    dampening: number("--dampening", flags.dampening),
    weightDecay: number("--weight-decay", flags["weight-decay"], 0),
    nesterov: flags.nesterov,
    maximize: flags.maximize,
    seed: integer("--seed", flags.seed, 0, 2 ** 32 - 1),
    dtype: choice("--dtype", flags.dtype, ["float32", "float64"]),
    rounding: choice("--rounding", flags.rounding, ["fused", "separate"]),
    svg: flags.svg,
    quiet: flags.quiet,
  };
  if (options.svg === "") throw new UsageError("--svg must be a path, got nothing");
  if (options.nesterov && (options.momentum === 0 || options.dampening !== 0)) {
    throw new UsageError("--nesterov wants a --momentum above 0 and a --dampening of 0");
  }
  return options;
}

function readFlags(args: string[]) {
  try {
    return parseArgs({ args: joined(args), options: FLAGS }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** `--steps -1` as `--steps=-1`: parseArgs takes what begins with a dash for an option. */
function joined(args: string[]): string[] {
  const isValue = (i: number) => /^-[\d.]/.test(args[i]) && /^--[\w-]+$/.test(args[i - 1] ?? "");
  return args.flatMap((arg, i) => {
    if (isValue(i)) return [];
    return i + 1 < args.length && isValue(i + 1) ? `${arg}=${args[i + 1]}` : arg;
  });
}

/** Above this, PyTorch refuses to make a float32 of a number. */
const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

function number(name: string, text: string, least = -LARGEST_FLOAT32): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isNaN(value)) throw new UsageError(`${name} must be a number, got "${text}"`);
  if (value < least) throw new UsageError(`${name} must not be below ${least}, got ${text}`);
  if (value > LARGEST_FLOAT32) throw new UsageError(`${name} must not be above ${LARGEST_FLOAT32}, got ${text}`);
  return value;
}

function integer(name: string, text: string, least: number, most: number): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`${name} must be a whole number from ${least} to ${most}, got "${text}"`);
}

function choice<const T extends string>(name: string, text: string, choices: readonly T[]): T {
  const found = choices.find((value) => value === text);
  if (found !== undefined) return found;
  throw new UsageError(`${name} must be ${choices.join(" or ")}, got "${text}"`);
}
