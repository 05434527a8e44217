// PyTorch's own, from the Python of the system.

import { fileURLToPath } from "node:url";
import { LineProcess } from "./process.js";
import type { Contender } from "./workload.js";

const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";

export const HOW_TO_GET = "PyTorch: apt-get install python3-torch, or PYTHON=<a Python that has torch>";

/** @throws Error when there is none */
export async function pytorch(): Promise<Contender> {
  const script = fileURLToPath(new URL("pytorch.py", import.meta.url));
  const child = new LineProcess(PYTHON, [script], { OMP_NUM_THREADS: "1" });
  return {
    name: "PyTorch",
    version: await child.ask("version"),
    prepare: (workload) => child.prepare(workload),
    close: () => child.close(),
  };
}
