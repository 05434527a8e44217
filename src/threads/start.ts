// From an engine to an engine with threads.

import type { Engine } from "../engine.js";
import { newControl } from "./control.js";
import { threadedKernel } from "./kernel.js";
import { spawn, type Thread } from "./spawn.js";
import { Team } from "./team.js";

/**
 * Starts `count - 1` workers for the engine, from the program `source`.
 *
 * @throws Error when one does not start; none is left running then
 */
export async function startThreads(engine: Engine, count: number, source: string): Promise<void> {
  if (count === 1) return;
  const { kernel, memory } = engine;
  const control = newControl(count);
  const threads: Thread[] = [];
  let stopped = false;
  const stop = () => {
    stopped = true;
    for (const thread of threads) thread.terminate();
  };
  const team = new Team(kernel, control, stop);
  const start = async (thread: number) => {
    const message = { module: kernel.module, memory, control: control.buffer, thread, threads: count };
    const started = await spawn(source, message, (reason) => {
      if (!stopped) team.fail(`thread ${thread} has died (${reason})`);
    });
    threads.push(started);
  };
  const results = await Promise.allSettled(Array.from({ length: count - 1 }, (_, i) => start(i + 1)));
  const failed = results.find(({ status }) => status === "rejected") as PromiseRejectedResult | undefined;
  if (failed) {
    team.stop();
    throw failed.reason;
  }
  engine.kernel = { ...threadedKernel(kernel, team), threads: count, stop: () => team.stop() };
}
