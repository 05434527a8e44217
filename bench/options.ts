// The command line.

import { parseArgs } from "node:util";
import type { Clock } from "./support/clock.js";

export const QUESTION_NAMES = [
  "sizes",
  "lists",
  "variants",
  "roundings",
  "places",
  "threads",
  "first-steps",
  "combined",
  "memory",
  "tfjs",
] as const;
export type QuestionName = (typeof QUESTION_NAMES)[number];

export interface Options {
  questions: readonly QuestionName[];
  quick: boolean;
  clock: Clock;
  baseline: "record" | "compare" | null;
  baselineFile: string;
  markdown: string;
  svg: string;
  write: boolean;
}

/** Something on the command line is wrong; the message says what. */
export class UsageError extends Error {}

export const HELP = `Measures sgd-wasm against everything comparable on this machine.

  npm run bench -- [options] [questions]
  npm run bench:baseline record|compare -- [options] [questions]

  questions             any of ${QUESTION_NAMES.join(", ")} (all)
  --quick               fewer and smaller sizes, fewer rounds: under a minute
  --clock CLOCK         wall; or cpu: time on the processor, for a machine that others use as well (wall); threads are
                        always timed by the wall
  --baseline MODE       record: keep this run; compare: say what got slower or faster since
  --baseline-file PATH  (out/bench-baseline.json)
  --markdown PATH       where to write the tables (docs/benchmarks.md; with --quick or questions out/bench.md)
  --svg PATH            where to write the roofline (docs/roofline.svg; with --quick or questions out/roofline.svg)
  --write               write a summary of sizes and lists into docs/performance.md
  --help                this text

Node 24 or newer has the multiply-add in hardware. Missing peers are named at the end with how to get them.
`;

const FLAGS = {
  quick: { type: "boolean", default: false },
  clock: { type: "string", default: "wall" },
  baseline: { type: "string" },
  "baseline-file": { type: "string", default: "out/bench-baseline.json" },
  markdown: { type: "string" },
  svg: { type: "string" },
  write: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** @throws UsageError */
export function parseOptions(args: string[]): Options | "help" {
  const { values, positionals } = read(args);
  if (values.help) return "help";
  const { baseline, clock } = values;
  if (clock !== "wall" && clock !== "cpu") throw new UsageError(`--clock must be wall or cpu, got "${clock}"`);
  if (baseline !== undefined && baseline !== "record" && baseline !== "compare") {
    throw new UsageError(`--baseline must be record or compare, got "${baseline}"`);
  }
  const unknown = positionals.find((name) => !(QUESTION_NAMES as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no question "${unknown}": there are ${QUESTION_NAMES.join(", ")}`);
  }
  // The files that are kept are only replaced by a whole run.
  const partial = values.quick || positionals.length > 0;
  return {
    questions: QUESTION_NAMES.filter((name) => positionals.length === 0 || positionals.includes(name)),
    quick: values.quick,
    clock,
    baseline: baseline ?? null,
    baselineFile: values["baseline-file"],
    markdown: values.markdown ?? (partial ? "out/bench.md" : "docs/benchmarks.md"),
    write: values.write,
    svg: values.svg ?? (partial ? "out/roofline.svg" : "docs/roofline.svg"),
  };
}

function read(args: string[]) {
  try {
    return parseArgs({ args, options: FLAGS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
