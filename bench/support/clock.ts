// Which time counts. On a machine that does nothing else both are the same; on a shared one the processor time leaves out the
// time that others had the processor, though not what they did to caches and memory.

export type Clock = "wall" | "cpu";

const CLOCK_VARIABLE = "SGD_WASM_BENCH_CLOCK";

/** Also for processes started later: the environment is theirs, too. */
export function useClock(clock: Clock): void {
  process.env[CLOCK_VARIABLE] = clock;
  now = clock === "cpu" ? processorTime : wallTime;
}

/** Nanoseconds since some moment, by the clock in use. */
export let now = wallTime;

function wallTime(): number {
  return performance.now() * 1e6;
}

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
}
