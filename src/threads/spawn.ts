// Starting a worker: a thread of node:worker_threads, or a Worker of a page.

import { isNode, type NodeWorker, workerThreads } from "./environment.js";
import type { Answer, Start } from "./worker.js";
import { workerFromFile } from "./worker-file.js";

/** How long a worker may take to answer. */
const START_MILLISECONDS = 10_000;

export interface Thread {
  terminate(): void;
}

/**
 * Starts the program `source` and hands it `start`.
 *
 * @param died called when the worker ends after it has started
 */
export async function spawn(source: string, start: Start, died: (reason: string) => void): Promise<Thread> {
  if (isNode()) return spawnInNode(source, start, died);
  try {
    return await spawnInPage(workerFromText(source), start, died);
  } catch (refused) {
    // A content security policy without blob: leaves the file beside this one. It is the second choice because not every
    // bundler includes it, and because its headers and origin have to fit the page's.
    try {
      return await spawnInPage(workerFromFile(), start, died);
    } catch (cause) {
      throw new Error(
        `${messageOf(refused)}; from a file: ${messageOf(cause)}. A Content Security Policy has to allow workers from ` +
          "blob: (worker-src 'self' blob:), or the bundler has to take dist/worker.js of sgd-wasm along",
        { cause },
      );
    }
  }
}

function workerFromText(source: string): Worker {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "sgd-wasm" });
  worker.addEventListener("message", () => URL.revokeObjectURL(url), { once: true });
  return worker;
}

async function spawnInNode(source: string, start: Start, died: (reason: string) => void): Promise<Thread> {
  const { Worker } = workerThreads();
  const globals = `globalThis.parentPort = process.getBuiltinModule("node:worker_threads").parentPort;\n`;
  // Without this process's flags: its loaders are not for this program, and make it slow to start.
  const worker: NodeWorker = new Worker(globals + source, { eval: true, execArgv: [], name: "sgd-wasm" });
  const thread = { terminate: () => void worker.terminate() };
  await ready(thread, died, (hear) => {
    worker.on("message", (answer) => hear(answer as Answer));
    worker.on("messageerror", (error) => hear({ error: messageOf(error) }));
    worker.on("error", (error) => hear({ error: messageOf(error) }));
    worker.on("exit", (code) => hear({ error: `it ended with code ${code}` }));
    worker.postMessage(start);
  });
  // An engine that nobody disposed of does not keep the process alive.
  worker.unref();
  return thread;
}

async function spawnInPage(worker: Worker, start: Start, died: (reason: string) => void): Promise<Thread> {
  await ready(worker, died, (hear) => {
    worker.addEventListener("message", ({ data }) => hear(data));
    worker.addEventListener("messageerror", () => hear({ error: "it cannot read a message" }));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      hear({ error: event.message || "its script was refused or not found" });
    });
    worker.postMessage(start);
  });
  return worker;
}

/**
 * Waits for a worker's first answer, and terminates the worker unless that is "ready". A failure after that means that the
 * worker has died.
 *
 * @param listen registers the function that is called with answers and failures
 */
async function ready(
  thread: Thread,
  died: (reason: string) => void,
  listen: (hear: (answer: Answer) => void) => void,
): Promise<void> {
  let first: Answer | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await new Promise<void>((resolve) => {
      const hear = (answer: Answer) => {
        if (first === "ready" && answer !== "ready") died(answer.error);
        first ??= answer;
        resolve();
      };
      timer = setTimeout(() => hear({ error: `no answer within ${START_MILLISECONDS} ms` }), START_MILLISECONDS);
      listen(hear);
    });
    const answer = first as Answer | undefined;
    if (answer !== undefined && answer !== "ready") throw new Error(`a worker did not start: ${answer.error}`);
  } catch (error) {
    thread.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
