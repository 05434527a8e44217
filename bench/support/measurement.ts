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

interface Entrant {
  who: string;
  exact: boolean;
  runner: Prepared;
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
  return withChecked(workload, contenders, async (prepared) => {
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
  });
}

/** Prepares the contenders that have something of this kind, and checks that all of them compute the same. */
export async function withChecked<T>(
  workload: Workload,
  contenders: readonly Contender[],
  use: (prepared: readonly Entrant[]) => T,
): Promise<T> {
  const prepared: Entrant[] = [];
  try {
    for (const contender of contenders) {
      const runner = await contender.prepare(workload);
      if (runner) prepared.push({ who: contender.name, exact: contender.exact ?? false, runner });
    }
    await check(prepared, workload);
    return await use(prepared);
  } finally {
    for (const { runner } of prepared) await runner.dispose();
  }
}

const CHECKED_STEPS = 3;

/** All against the rule in float64, within its roundings; those who round alike against each other, by their bits. */
async function check(entrants: readonly Entrant[], workload: Workload): Promise<void> {
  let first: { who: string; sample: number[] } | undefined;
  for (const { who, exact, runner } of entrants) {
    await runner.run(CHECKED_STEPS);
    const sample = await runner.sample();
    checkSample(who, workload, sample, CHECKED_STEPS);
    if (!exact) continue;
    first ??= { who, sample };
    const at = sample.findIndex((value, i) => !Object.is(value, first?.sample[i]));
    if (at >= 0) throw new Error(`${who} computes ${sample[at]}, ${first.who} ${first.sample[at]}: sample ${at}`);
  }
}

export function nanosecondsPerElement({ timing, elements: n }: Measurement): number {
  return timing.median / n;
}

/** A billion bytes per second. */
export function gigabytesPerSecond({ timing, bytes }: Measurement): number {
  return bytes / timing.median;
}
