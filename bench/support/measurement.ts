// What a benchmark found out, and how a field of contenders is timed.

import { checkSample } from "../contenders/reference.js";
import { type Contender, elements, footprint, type Prepared, traffic, type Workload } from "../contenders/workload.js";
import { copyRunner } from "./copy.js";
import { type Effort, type Timing, timeInTurns } from "./timing.js";

export interface Measurement {
  /** of the question, and what in it was measured: together they name the measurement in a baseline */
  question: string;
  what: string;
  who: string;
  elements: number;
  /** bytes that had to be read and written per run */
  bytes: number;
  /** nanoseconds per run */
  timing: Timing;
}

/** The name of the copy among the contenders. */
export const COPY = "copy";

/** Times the contenders in turns, and a copy within as much memory as they work in. All are checked before. */
export async function measure(
  question: string,
  what: string,
  workload: Workload,
  contenders: readonly Contender[],
  effort: Effort,
): Promise<Measurement[]> {
  const prepared: { who: string; runner: Prepared }[] = [];
  try {
    for (const contender of contenders) {
      const runner = await contender.prepare(workload);
      if (runner) prepared.push({ who: contender.name, runner });
    }
    for (const { who, runner } of prepared) await check(who, runner, workload);
    const runners = [...prepared.map(({ runner }) => runner), copyRunner(footprint(workload))];
    const timings = await timeInTurns(runners, effort);
    const names = [...prepared.map(({ who }) => who), COPY];
    return timings.map((timing, i) => ({
      question,
      what,
      who: names[i],
      elements: elements(workload),
      bytes: names[i] === COPY ? footprint(workload) : traffic(workload),
      timing,
    }));
  } finally {
    for (const { runner } of prepared) await runner.dispose();
  }
}

const CHECKED_STEPS = 3;

async function check(who: string, runner: Prepared, workload: Workload): Promise<void> {
  await runner.run(CHECKED_STEPS);
  checkSample(who, workload, await runner.sample(), CHECKED_STEPS);
}

export function nanosecondsPerElement({ timing, elements: n }: Measurement): number {
  return timing.median / n;
}

/** A billion bytes per second. */
export function gigabytesPerSecond({ timing, bytes }: Measurement): number {
  return bytes / timing.median;
}
