// The reference implementation of safetensors, by way of Python.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface ReadByReference {
  /** name to dtype, shape and bytes as hex; null where the file was refused */
  found: Record<string, [string, number[], string]> | null;
  /** what it writes for the same content */
  back: Uint8Array | null;
}

/** What it makes of each file; null where `python` does not have it. */
export function readByReference(python: string, files: readonly Uint8Array[]): ReadByReference[] | null {
  if (spawnSync(python, ["-c", "import numpy, safetensors"]).status !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-readers-"));
  const stem = (i: number) => String(i).padStart(4, "0");
  try {
    for (const [i, file] of files.entries()) writeFileSync(join(folder, `${stem(i)}.safetensors`), file);
    const { status, stdout, stderr } = spawnSync(python, [join(import.meta.dirname, "reference.py"), folder], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(`reference.py: ${stderr}`);
    const found = JSON.parse(stdout) as Record<string, ReadByReference["found"]>;
    return files.map((_, i) => {
      const back = join(folder, `${stem(i)}.back`);
      return { found: sorted(found[stem(i)]), back: existsSync(back) ? new Uint8Array(readFileSync(back)) : null };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function sorted(found: ReadByReference["found"]): ReadByReference["found"] {
  return found && Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}
