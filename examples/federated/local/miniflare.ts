// A Worker in workerd on this machine, through miniflare: bundled as wrangler bundles it.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const require = createRequire(path("../../../test/harness/runtimes/package.json"));
const DIST = path("../../../dist/");

/** What is used of miniflare's class. */
export interface Miniflare {
  ready: Promise<URL>;
  dispatchFetch(url: string, init?: object): Promise<Response>;
  dispose(): Promise<void>;
}

export interface LocalOptions {
  /** the Worker's source */
  worker: string;
  secret: string;
  /** a folder for what the objects store; without it they forget everything */
  persist?: string;
}

/** The modules of a Worker: all code in one, beside the kernels. */
export async function workerModules(worker: string) {
  const { outputFiles } = await build({
    entryPoints: [worker],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["workerd"],
    external: ["cloudflare:workers"],
    plugins: [
      {
        name: "kernels stay modules",
        setup: ({ onResolve }) => {
          onResolve({ filter: /\.wasm$/ }, ({ path: file }) => ({
            path: `./${file.split("/").at(-1)}`,
            external: true,
          }));
        },
      },
    ],
  });
  const kernels = readdirSync(DIST).filter((name) => name.endsWith(".wasm"));
  return [
    { type: "ESModule", path: "main.js", contents: outputFiles[0].text },
    ...kernels.map((name) => ({ type: "CompiledWasm", path: name, contents: readFileSync(DIST + name) })),
  ];
}

/** A parameter server that runs until it is disposed of. */
export async function startLocal({ worker, secret, persist }: LocalOptions): Promise<Miniflare> {
  const { Miniflare, Log, LogLevel } = require("miniflare");
  return new Miniflare({
    modules: await workerModules(worker),
    compatibilityDate: "2026-01-01",
    bindings: { TRAINING_SECRET: secret },
    durableObjects: {
      PARAMETER_COORDINATOR: { className: "ParameterCoordinator", useSQLite: true },
      PARAMETER_SHARD: { className: "ParameterShard", useSQLite: true },
    },
    durableObjectsPersist: persist ?? false,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio: () => {},
  });
}
