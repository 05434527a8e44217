// After how much time does a fresh process take its steps at full speed, on one thread and on two?

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { count, digits, type Table } from "../support/table.js";
import { quantile } from "../support/timing.js";
import type { Answer, Settings } from "./question.js";

const PROCESSES = 10;
const QUICK_PROCESSES = 1;
const SIZES = [65_536, 1_048_576];
const THREADS = [1, 2];

/** What a process of first-steps-process.ts is asked to measure. */
export interface FirstStepsQuestion {
  size: number;
  threads: number;
}

/** In milliseconds since before the first step. */
export interface FirstSteps {
  firstStep: number;
  /** when steps had reached their speed */
  fullSpeed: number;
}

export async function firstSteps({ quick }: Settings): Promise<Answer> {
  const questions = SIZES.flatMap((size) => THREADS.map((threads) => ({ size, threads })));
  const answers = questions.map((): FirstSteps[] => []);
  // One of each in turn: what else the machine does meets all alike.
  for (let turn = 0; turn < (quick ? QUICK_PROCESSES : PROCESSES); turn++) {
    for (const [i, question] of questions.entries()) answers[i].push(ask(question));
  }
  const rows = questions.map(({ size, threads }, i) => [
    `${count(size)} elements, ${threads === 1 ? "1 thread" : `${threads} threads`}`,
    ...spread(answers[i].map(({ firstStep }) => firstStep)),
    ...spread(answers[i].map(({ fullSpeed }) => fullSpeed)),
  ]);
  return { measurements: [], tables: [table(rows)] };
}

function ask(question: FirstStepsQuestion): FirstSteps {
  const script = fileURLToPath(new URL("first-steps-process.ts", import.meta.url));
  const args = [...process.execArgv, script, JSON.stringify(question)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

/** The median, what nine of ten do not exceed, and the largest. */
function spread(values: readonly number[]): string[] {
  return [0.5, 0.9, 1].map((share) => digits(quantile(values, share)));
}

function table(rows: string[][]): Table {
  return {
    title: "First steps of a fresh process: float32, momentum with weight decay, milliseconds",
    head: ["", "first step", "9 of 10", "slowest", "full speed after", "9 of 10", "slowest"],
    rows,
    notes: [
      "Full speed is reached with the first ten steps of which most take at most a quarter longer than the last ones.",
    ],
  };
}
