// The Worker, as the page speaks with it.

import type { Command, Report } from "../protocol.js";

/** How long a Worker may take to begin, in milliseconds; one that does not is replaced, until the patience ends. */
const PATIENCE = [5000, 10_000, 20_000];

export class Client {
  #worker!: Worker;
  /** what waits for the Worker to begin; null once it has */
  #waiting: Command[] | null = [];

  /** `receive` hears what the Worker says, `failed` a sentence when there is none, or no longer one. */
  constructor(
    private readonly receive: (report: Report) => void,
    private readonly failed: (text: string) => void,
  ) {
    this.#start(0);
  }

  send(command: Command): void {
    if (this.#waiting) this.#waiting.push(command);
    else this.#worker.postMessage(command);
  }

  /** Again and again: on a busy machine, Firefox now and then never runs a Worker, and says nothing. */
  #start(attempt: number): void {
    if (attempt === PATIENCE.length) {
      this.failed("The training Worker does not begin: reload the page.");
      return;
    }
    const worker = new Worker("training.js", { type: "module" });
    const timer = setTimeout(() => {
      worker.terminate();
      this.#start(attempt + 1);
    }, PATIENCE[attempt]);
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<Report>) => {
      clearTimeout(timer);
      for (const command of this.#waiting ?? []) worker.postMessage(command);
      this.#waiting = null;
      this.receive(data);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      clearTimeout(timer);
      this.failed(`The training Worker stopped: ${event.message || "its script did not load"}.`);
    });
  }
}
