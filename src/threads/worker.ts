// The program of a worker: it gets a kernel and a memory, and from then on waits for passes. It is bundled by itself, and
// runs as a Worker of the web or of node:worker_threads (where spawn.ts has set `parentPort`).

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

/**
 * How long a thread that has nothing to do looks for the next pass before it sleeps, in rounds of a few nanoseconds. Waking it
 * takes longer than a small step does.
 */
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
    // The loop never comes back to this thread's events: the answer has to be on its way before.
    setTimeout(() => serve(kernel, controlOf(control, threads), thread));
  } catch (error) {
    port.postMessage({ error: String(error) });
  }
}

function serve(kernel: Kernel, control: Control, thread: number): void {
  const { words } = control;
  while (Atomics.load(words, WORD.stop) === 0) {
    work(kernel, control, thread);
    if (!comes(control, thread)) sleep(control, thread);
  }
}

/** Whether chunks of its own come while the thread looks. */
function comes(control: Control, thread: number): boolean {
  for (let i = 0; i < SPINS; i++) if (hasWork(control, thread)) return true;
  return false;
}

/** Until a pass starts that has chunks of its own; not at all if one has. */
function sleep(control: Control, thread: number): void {
  const { words } = control;
  // Read before the thread says that it sleeps: a pass that starts after that is then seen as a change.
  const seen = Atomics.load(words, WORD.sequence);
  Atomics.add(words, WORD.parked, 1);
  if (!hasWork(control, thread)) Atomics.wait(words, WORD.sequence, seen);
  Atomics.sub(words, WORD.parked, 1);
}
