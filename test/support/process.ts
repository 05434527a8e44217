// For suites that run on Node only: processes, and where things are.

import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** Set by test/harness. */
export const repository = process.env.SGD_REPOSITORY ?? process.cwd();

/** The folder in which the package is installed as its users get it. */
export const consumer = dirname(fileURLToPath(import.meta.url));

/** What this Node prints for `args`; throws with everything it printed when it fails. */
export function node(cwd: string, args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, {
    cwd,
    encoding: "utf8",
    timeout: 120_000,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`exit code ${status}\n${stdout}\n${stderr}`);
  return stdout;
}
