// A contender of JavaScript in a process of its own, a new one for every workload: an engine optimises code for what it has
// seen so far, and a program sees one engine and one model, not those of a whole benchmark.

import { fileURLToPath } from "node:url";
import type { Clock } from "../support/clock.js";
import { LineProcess } from "./process.js";
import type { Contender } from "./workload.js";

/** Which contender serve.ts is to be. */
export interface Role {
  who: "sgd-wasm" | "JavaScript" | "tfjs wasm" | "jax-js";
  /** of ours: a kernel file of dist/, by default the best for the runtime */
  kernel?: { file: string; rounding: "fused" | "separate" };
  foreach?: boolean | null;
  /** of ours: how many share a step; default 1, by `createEngine` */
  threads?: number;
  /** default: the one that is used for all */
  clock?: Clock;
}

/** @throws Error when the contender is not there */
export async function inOwnProcess(name: string, role: Role): Promise<Contender> {
  const child = start(role);
  try {
    const version = await child.ask("version");
    const exact = role.who === "sgd-wasm" && role.kernel?.rounding !== "separate";
    return { name, version, exact, prepare: (workload) => prepareOnce(role, workload) };
  } finally {
    child.close();
  }
}

async function prepareOnce(role: Role, workload: Parameters<Contender["prepare"]>[0]) {
  const child = start(role);
  const prepared = await child.prepare(workload);
  if (prepared === null) child.close();
  return prepared && { ...prepared, dispose: () => child.close() };
}

function start(role: Role): LineProcess {
  const script = fileURLToPath(new URL("serve.ts", import.meta.url));
  // The arguments of this process's own: they say how TypeScript is loaded.
  return new LineProcess(process.execPath, [...process.execArgv, script, JSON.stringify(role)]);
}
