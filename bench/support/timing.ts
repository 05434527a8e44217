// How things are timed: in turns. Each round runs everyone once, for about as long, one after the other; so whatever else the
// machine does meets all of them alike. What counts is the median over the rounds.

export interface Effort {
  rounds: number;
  /** how long everyone runs per round */
  sliceMilliseconds: number;
  /** and how often at the least, unless that takes ten times as long: in the first run one finds the caches as the others have left them */
  leastRuns: number;
  /** and before the first round, at the least */
  warmUpMilliseconds: number;
}

export const THOROUGH: Effort = { rounds: 15, sliceMilliseconds: 12, leastRuns: 4, warmUpMilliseconds: 150 };
export const QUICK: Effort = { rounds: 5, sliceMilliseconds: 4, leastRuns: 1, warmUpMilliseconds: 40 };

/** Something that runs so many times and gives the nanoseconds that this took. */
export interface Runner {
  run(times: number): Promise<number> | number;
}

/** Nanoseconds per run. */
export interface Timing {
  median: number;
  /** a quarter of the rounds were faster than `low`, a quarter slower than `high` */
  low: number;
  high: number;
  rounds: number[];
}

/** The timing of each runner, in their order. */
export async function timeInTurns(runners: readonly Runner[], effort: Effort): Promise<Timing[]> {
  const times: number[] = [];
  for (const runner of runners) times.push(await warmUp(runner, effort));
  const rounds: number[][] = runners.map(() => []);
  for (let round = 0; round < effort.rounds; round++) {
    for (const [i, runner] of runners.entries()) rounds[i].push((await runner.run(times[i])) / times[i]);
  }
  return rounds.map(toTiming);
}

/** How many runs fill a slice, once it is warm. */
async function warmUp(runner: Runner, { sliceMilliseconds, leastRuns, warmUpMilliseconds }: Effort): Promise<number> {
  let times = 1;
  let spent = 0;
  for (;;) {
    const elapsed = (await runner.run(times)) / 1e6;
    spent += elapsed;
    const runs = (times * sliceMilliseconds) / Math.max(elapsed, 1e-3);
    const fitting = Math.max(Math.min(leastRuns, Math.floor(10 * runs)), Math.round(runs), 1);
    if (spent >= warmUpMilliseconds) return fitting;
    // Not at once to the full number: the first runs are the slowest.
    times = Math.min(fitting, times * 4);
  }
}

function toTiming(rounds: number[]): Timing {
  return { median: quantile(rounds, 0.5), low: quantile(rounds, 0.25), high: quantile(rounds, 0.75), rounds };
}

/** How many times longer `slow` takes than `fast`: the median of the rounds' ratios, each of two neighbours in time. */
export function ratio(slow: Timing, fast: Timing): number {
  return quantile(
    slow.rounds.map((time, i) => time / fast.rounds[i]),
    0.5,
  );
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.ceil(at);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}
