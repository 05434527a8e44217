// What the environment has: shared memory, Workers, processors.

export interface NodeWorker {
  postMessage(message: unknown): void;
  on(event: "message" | "error" | "exit" | "messageerror", listener: (value: unknown) => void): void;
  ref(): void;
  unref(): void;
  terminate(): unknown;
}

interface WorkerThreads {
  Worker: new (source: string, options: { eval: true; execArgv: string[]; name: string }) => NodeWorker;
}

interface Environment {
  process?: { versions?: { node?: string }; getBuiltinModule?: (name: string) => unknown };
  navigator?: { hardwareConcurrency?: number };
  crossOriginIsolated?: boolean;
  SharedArrayBuffer?: unknown;
  Worker?: unknown;
}

const environment = globalThis as Environment;

/** Whether this is Node, or Deno or Bun, which have its modules: no page has them. */
export function isNode(): boolean {
  return typeof environment.process?.versions?.node === "string" && typeof document === "undefined";
}

/** A module of Node. An import() would do as well, but bundlers for pages fail on it. */
export function nodeModule<M>(name: string): M {
  return environment.process?.getBuiltinModule?.(name) as M;
}

export const workerThreads = () => nodeModule<WorkerThreads>("node:worker_threads");

/** What keeps threads from working here, as a sentence; null if nothing does. */
export function whatIsMissing(): string | null {
  if (environment.crossOriginIsolated === false && !isNode()) {
    return (
      "threads need cross-origin isolation: serve the page and its scripts with the headers Cross-Origin-Opener-Policy: " +
      "same-origin and Cross-Origin-Embedder-Policy: require-corp"
    );
  }
  if (typeof environment.SharedArrayBuffer !== "function") {
    return "threads need shared memory, but this environment has no SharedArrayBuffer";
  }
  if (isNode()) {
    const complete = typeof environment.process?.getBuiltinModule === "function";
    return complete ? null : "threads need process.getBuiltinModule: Node 20.19, Node 22.12 or newer";
  }
  if (typeof environment.Worker !== "function") {
    return "threads need Workers, which this environment does not have";
  }
  return null;
}

/** As many threads as the hardware runs at a time. */
export function hardwareThreads(): number {
  if (isNode()) {
    const { availableParallelism } = nodeModule<{ availableParallelism?: () => number }>("node:os");
    if (availableParallelism) return availableParallelism();
  }
  return environment.navigator?.hardwareConcurrency ?? 1;
}
