// PyTorch's own, in each of its forms: PyTorch 2 where it is unpacked, else that of the system's Python.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { LineProcess } from "./process.js";
import type { Contender } from "./workload.js";

const PYTORCH_2 = fileURLToPath(new URL("../../test/interop/pytorch2.sh", import.meta.url));

export const HOW_TO_GET =
  "PyTorch: test/interop/pytorch2.sh unpacks PyTorch 2; or apt-get install python3-torch, or PYTHON=<a Python that has torch>";

const FORMS = ["default", "foreach", "fused"] as const;

/** @throws Error when there is none */
export async function pytorch(): Promise<Contender[]> {
  const forms = await Promise.all(FORMS.map(contender));
  return forms.filter((form) => form !== null);
}

/** Null where the version has no such form. */
async function contender(form: (typeof FORMS)[number]): Promise<Contender | null> {
  const script = fileURLToPath(new URL("pytorch.py", import.meta.url));
  const child = new LineProcess(python(), [script, form], { OMP_NUM_THREADS: "1" });
  const version = await child.ask("version");
  if (version === "none") {
    child.close();
    return null;
  }
  return {
    name: form === "default" ? "PyTorch" : `PyTorch ${form}`,
    version,
    exact: true,
    prepare: (workload) => child.prepare(workload),
    close: () => child.close(),
  };
}

function python(): string {
  if (process.env.PYTHON) return process.env.PYTHON;
  return spawnSync(PYTORCH_2, ["--installed"]).status === 0 ? PYTORCH_2 : "/usr/bin/python3";
}
