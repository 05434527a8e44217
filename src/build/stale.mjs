// What of dist/ is older than its sources is built again; a checkout that is built already costs a second or less.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** The files of each part, any of them, and the folders that it is made of. */
export const PARTS = {
  kernel: ["dist/kernel.wasm", ["assembly", "src/kernel/flags.ts"]],
  host: ["dist/index.js", ["src", "assembly"]],
  types: ["dist/types/index.d.ts", ["src"]],
};

/** Builds the named parts that are stale, with `npm run build:PART`. */
export function buildStale(parts = Object.keys(PARTS)) {
  for (const part of parts) {
    const [file, folders] = PARTS[part];
    if (!isStale(file, folders)) continue;
    execFileSync("npm", ["run", "--silent", `build:${part}`], {
      cwd: REPOSITORY,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
}

function isStale(file, folders) {
  const result = join(REPOSITORY, file);
  if (!existsSync(result)) return true;
  const { mtimeMs } = statSync(result);
  return [...folders, "package.json", "asconfig.json"].some((name) => newest(join(REPOSITORY, name)) > mtimeMs);
}

/** When the latest file was changed. Generated ones do not count. */
function newest(path) {
  if (path.includes(".generated.") || path.endsWith("node_modules")) return 0;
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}
