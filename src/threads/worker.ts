// The program of a worker: it is sent a kernel and a memory, and then waits for passes. It is bundled on its own, and runs as
// a Worker of the web or of node:worker_threads (where spawn.ts has set `parentPort`).

import { instantiate, type Kernel } from "../kernel/kernel.js";
import { work } from "./chunks.js";
import { type Control, controlOf, hasWork, WORD } from "./control.js";

/** What a worker is started with. */
export interface Start {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  control: SharedArrayBuffer;
  thread: number;
  threads: number;
}

/** What it answers, once. */
export type Answer = "ready" | { error: string };

/** How often an idle worker looks for the next pass before it sleeps, a few nanoseconds each: waking it takes longer than a small step. */
const SPINS = 20_000;

interface Port {
  postMessage(message: Answer): void;
  on?(event: "message", listener: (start: Start) => void): void;
}

const { parentPort } = globalThis as { parentPort?: Port };
if (parentPort?.on) parentPort.on("message", (start) => begin(start, parentPort));
else addEventListener("message", ({ data }) => begin(data, globalThis as unknown as Port));

function begin({ module, memory, control, thread, threads }: Start, port: Port): void {
  try {
    const kernel = instantiate(module, memory);
    port.postMessage("ready");
    // `serve` never returns to this thread's events, so the answer has to be sent before.
    setTimeout(() => serve(kernel, controlOf(control, threads), thread));
  } catch (error) {
    port.postMessage({ error: String(error) });
  }
}

function serve(kernel: Kernel, control: Control, thread: number): void {
  const { words } = control;
  while (Atomics.load(words, WORD.stop) === 0) {
    work(kernel, control, thread);
    if (!spin(control, thread)) sleep(control, thread);
  }
}

/** Looks for chunks of the thread's own home for a while. */
function spin(control: Control, thread: number): boolean {
  for (let i = 0; i < SPINS; i++) if (hasWork(control, thread)) return true;
  return false;
}

/** Sleeps until a pass has chunks of the thread's own home; not at all if there are some. */
function sleep(control: Control, thread: number): void {
  const { words } = control;
  // Read before the thread counts itself as parked: a pass that starts after that is seen as a change.
  const seen = Atomics.load(words, WORD.sequence);
  Atomics.add(words, WORD.parked, 1);
  if (!hasWork(control, thread)) Atomics.wait(words, WORD.sequence, seen);
  Atomics.sub(words, WORD.parked, 1);
}
