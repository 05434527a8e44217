// node src/build/run.mjs [PROGRAM [OPTIONS]]     builds what is stale, then runs a program in TypeScript

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildStale } from "./stale.mjs";

const [program, ...options] = process.argv.slice(2);
buildStale();
if (program) {
  const tsx = fileURLToPath(new URL("../../node_modules/tsx/dist/cli.mjs", import.meta.url));
  const { status } = spawnSync(process.execPath, [tsx, program, ...options], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}
