// The command line.

import { parseArgs } from "node:util";
import { UsageError } from "../digits/options.js";

export interface Options {
  /** of the rates to begin with */
  lr: number;
  momentum: number;
  /** in a training run */
  steps: number;
  /** training runs, each with better rates */
  iterations: number;
  svg: string;
}

export const HELP = `Learns a learning rate and a momentum for softmax regression on handwritten digits, by differentiating
through the training run: SGD with differentiable: true, and backward().

  npm run example:learned-rates -- [options]

  --lr X              learning rate to begin with (0.01)
  --momentum X        momentum to begin with, between 0 and 1 (0.95)
  --steps N           steps of a training run (25)
  --iterations N      how many training runs are differentiated (40)
  --svg PATH          where to write the picture (out/learned-rates.svg)
  --help              this text

The result is the same on every machine and runtime, to the last bit.
`;

const FLAGS = {
  lr: { type: "string", default: "0.01" },
  momentum: { type: "string", default: "0.95" },
  steps: { type: "string", default: "25" },
  iterations: { type: "string", default: "40" },
  svg: { type: "string", default: "out/learned-rates.svg" },
  help: { type: "boolean", default: false },
} as const;

/** @throws UsageError */
export function parseOptions(args: string[]): Options | "help" {
  const flags = readFlags(args);
  if (flags.help) return "help";
  if (flags.svg === "") throw new UsageError("--svg must be a path, got nothing");
  return {
    lr: number("--lr", flags.lr, (x) => x > 0 && x < 1e6, "above 0, at most a million"),
    momentum: number("--momentum", flags.momentum, (x) => x > 0 && x < 1, "between 0 and 1"),
    steps: number("--steps", flags.steps, isCount, "a whole number from 1 on"),
    iterations: number("--iterations", flags.iterations, isCount, "a whole number from 1 on"),
    svg: flags.svg,
  };
}

function readFlags(args: string[]) {
  try {
    return parseArgs({ args, options: FLAGS }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function isCount(x: number): boolean {
  return Number.isSafeInteger(x) && x >= 1;
}

function number(name: string, text: string, accepts: (x: number) => boolean, expected: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (accepts(value)) return value;
  throw new UsageError(`${name} must be ${expected}, got "${text}"`);
}
