// The Worker, as the page speaks with it.

import { type Command, GUEST, type Report } from "../protocol.js";
import { isOnlyTab } from "./tabs.js";

/**
 * How long a Worker may take to begin, and then to be ready, in milliseconds; one that does not is replaced, until the patience
 * ends.
 */
const PATIENCE = [5000, 10_000, 20_000];

export class Client {
  #worker!: Worker;
  #name = "";
  /** what waits for the Worker to be ready; null once it is */
  #waiting: Command[] | null = [];

  /** `receive` hears what the Worker says, `failed` a sentence when there is none, or no longer one. */
  constructor(
    private readonly receive: (report: Report) => void,
    private readonly failed: (text: string) => void,
  ) {
    void this.#begin();
  }

  send(command: Command): void {
    if (this.#waiting) this.#waiting.push(command);
    else this.#worker.postMessage(command);
  }

  async #begin(): Promise<void> {
    if (!(await isOnlyTab())) this.#name = GUEST;
    this.#start(0);
  }

  /** Again and again: on a busy machine, Firefox now and then stops a Worker as it begins, and says nothing. */
  #start(attempt: number): void {
    if (attempt === PATIENCE.length) {
      this.failed("The training Worker does not begin: reload the page.");
      return;
    }
    const worker = new Worker("training.js", { type: "module", name: this.#name });
    let timer = 0;
    const wait = () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        worker.terminate();
        this.#start(attempt + 1);
      }, PATIENCE[attempt]);
    };
    wait();
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<Report>) => {
      if (data.type === "begun") wait();
      if (data.type === "ready" || data.type === "fatal") {
        clearTimeout(timer);
        for (const command of this.#waiting ?? []) worker.postMessage(command);
        this.#waiting = null;
      }
      this.receive(data);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      clearTimeout(timer);
      this.failed(`The training Worker stopped: ${event.message || "its script did not load"}.`);
    });
  }
}
