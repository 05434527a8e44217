// A parameter server on disk that can be killed without warning, and started again.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SERVE = fileURLToPath(new URL("serve.ts", import.meta.url));

export class MortalServer {
  readonly folder = mkdtempSync(join(tmpdir(), "sgd-wasm-durable-"));
  readonly #secret: string;
  #child: ChildProcess | null = null;
  #url = "";

  constructor(secret: string) {
    this.#secret = secret;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, ["--import", "tsx", SERVE, this.folder, this.#secret], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    this.#url = await new Promise<string>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
      child.stdout!.on("data", (text) => {
        const [, url] = /listening at (\S+?)\/?\s/.exec(String(text)) ?? [];
        if (url) resolve(url);
      });
    });
  }

  /** Where it listens; another port after every start. */
  get url(): string {
    return this.#url;
  }

  /** Requests fail while the server is dead. */
  dispatchFetch(url: string, init?: object): Promise<Response> {
    const { pathname, search } = new URL(url);
    return fetch(this.#url + pathname + search, init);
  }

  /** SIGKILL for miniflare, which would start workerd again, then for workerd. */
  async kill(): Promise<void> {
    const child = this.#child!;
    const runtimes = childrenOf(child.pid!);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    for (const pid of runtimes) process.kill(pid, "SIGKILL");
    await ended;
    while (runtimes.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 10));
    this.#child = null;
  }

  async dispose(): Promise<void> {
    if (this.#child) await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The workerd processes that a process has started. */
function childrenOf(parent: number): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    const [, name, , ppid] = /^\d+ \((.*)\) (\S) (\d+)/.exec(statOf(pid)) ?? [];
    return Number(ppid) === parent && name.startsWith("workerd");
  });
}

function isAlive(pid: number): boolean {
  const [, state] = /\) (\S)/.exec(statOf(pid)) ?? [];
  return state !== undefined && state !== "Z";
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}
