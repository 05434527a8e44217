// A contender in a process of its own, which is asked line by line: `prepare …`, `run <steps>`, `sample`, `dispose`. It
// answers every line with one line, which starts with `error` when it cannot. So its runs take turns with those of the others, and it keeps its own time.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Prepared, Workload } from "./workload.js";

export class LineProcess {
  readonly #child: ChildProcess;
  readonly #waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  #failure: Error | null = null;

  constructor(command: string, args: readonly string[], environment: Record<string, string> = {}) {
    const child = spawn(command, args, {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...environment },
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      const waiting = this.#waiting.shift();
      if (line.startsWith("error ")) waiting?.reject(new Error(line.slice(6)));
      else waiting?.resolve(line);
    });
    child.on("error", (error) => this.#fail(error));
    child.on("exit", (code) => this.#fail(new Error(`${command} ended with code ${code}`)));
    child.stdin.on("error", (error) => this.#fail(error));
    this.#child = child;
  }

  ask(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#waiting.push({ resolve, reject });
      this.#child.stdin?.write(`${line}\n`);
    });
  }

  async prepare(workload: Workload): Promise<Prepared | null> {
    const { sizes, dtype, lr, momentum, dampening, weightDecay, nesterov } = workload;
    const scalars = [lr, momentum, dampening, weightDecay, Number(nesterov)];
    const answer = await this.ask(`prepare ${dtype} ${scalars.join(" ")} ${sizes.join(" ")}`);
    if (answer === "none") return null;
    return {
      run: async (steps) => Number(await this.ask(`run ${steps}`)),
      sample: async () => (await this.ask("sample")).trim().split(" ").map(Number),
      dispose: async () => void (await this.ask("dispose")),
    };
  }

  close(): void {
    this.#child.stdin?.end();
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
