// Runs a Worker in workerd, through miniflare: bundled as wrangler bundles it, its storage in a folder.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** What is used of miniflare's class. */
export interface Miniflare {
  ready: Promise<URL>;
  dispatchFetch(url: string, init?: { method?: string; body?: string }): Promise<Response>;
  dispose(): Promise<void>;
}

const COMPATIBILITY_DATE = "2026-07-01";
// `npm run runtimes` installs it there, beside the other runtimes.
const require = createRequire(new URL("../../test/harness/runtimes/", import.meta.url));

/** Starts a bundle that exports UserModel. `storage` is the folder that outlives it. */
export async function serve(modules: readonly WorkerModule[], storage: string): Promise<Miniflare> {
  const { Miniflare } = require("miniflare") as { Miniflare: new (options: object) => Miniflare };
  const worker = new Miniflare({
    modules,
    compatibilityDate: COMPATIBILITY_DATE,
    durableObjects: { MODELS: { className: "UserModel", useSQLite: true } },
    durableObjectsPersist: storage,
  });
  await worker.ready;
  return worker;
}

export interface WorkerModule {
  type: "ESModule" | "CompiledWasm";
  path: string;
  contents: Uint8Array;
}

/** The modules of a Worker: the bundle, and the .wasm files that it imports. */
export async function bundle(
  entry = fileURLToPath(new URL("worker.ts", import.meta.url)),
  conditions = ["workerd", "worker", "browser"],
): Promise<WorkerModule[]> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    outdir: "worker",
    write: false,
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions,
    external: ["cloudflare:*"],
    loader: { ".wasm": "copy" },
  });
  const modules = outputFiles.map(({ path, contents }): WorkerModule => {
    return { type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path, contents };
  });
  // The first is the one that is started.
  return modules.sort((a, b) => (a.type < b.type ? 1 : -1));
}
