// A parameter server for tests: miniflare around a Worker of worker/.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { type Grant, issueToken, ParameterClient, type ParameterClientOptions } from "sgd-wasm/durable";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const { resolve } = createRequire(path("../harness/runtimes/package.json"));

export const SECRET = "a secret of tests, not of anybody";
export const URL_OF_SERVER = "http://train.example";

interface Miniflare {
  ready: Promise<URL>;
  dispatchFetch(url: string, init?: object): Promise<Response>;
  dispose(): Promise<void>;
}

export interface ServerOptions {
  /** a file of worker/, without `.ts` */
  worker?: string;
  /** a folder for what the objects store; without it they forget everything */
  persist?: string;
  bindings?: Record<string, unknown>;
}

/** The modules of a Worker: all code in one, beside the kernels. */
export async function workerModules(worker: string) {
  const { outputFiles } = await build({
    entryPoints: [path(`worker/${worker}.ts`)],
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
  const kernels = readdirSync(path("../../dist")).filter((name) => name.endsWith(".wasm"));
  return [
    { type: "ESModule", path: "main.js", contents: outputFiles[0].text },
    ...kernels.map((name) => ({
      type: "CompiledWasm",
      path: name,
      contents: readFileSync(path(`../../dist/${name}`)),
    })),
  ];
}

/** A server; `dispose` it. */
export async function startServer({
  worker = "index",
  persist,
  bindings = {},
}: ServerOptions = {}): Promise<Miniflare> {
  const { Miniflare, Log, LogLevel } = await import(pathToFileURL(resolve("miniflare")).href);
  return new Miniflare({
    modules: await workerModules(worker),
    compatibilityDate: "2026-01-01",
    bindings: { TRAINING_SECRET: SECRET, ...bindings },
    durableObjects: {
      PARAMETER_COORDINATOR: { className: "ParameterCoordinator", useSQLite: true },
      PARAMETER_SHARD: { className: "ParameterShard", useSQLite: true },
    },
    durableObjectsPersist: persist ?? false,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio: () => {},
  });
}

export function tokenFor(grant: Grant, milliseconds = 3_600_000): Promise<string> {
  return issueToken(SECRET, { ...grant, expires: new Date(Date.now() + milliseconds) });
}

type Server = Pick<Miniflare, "dispatchFetch">;

/** A client of a worker that may do everything, unless `grant` says otherwise. */
export async function clientOf(
  server: Server,
  run: string,
  worker = "worker",
  options: Partial<ParameterClientOptions> = {},
): Promise<ParameterClient> {
  return new ParameterClient({
    url: URL_OF_SERVER,
    run,
    token: await tokenFor({ run, role: "admin", worker }),
    fetch: ((url: string, init: object) => server.dispatchFetch(url, init)) as typeof fetch,
    ...options,
  });
}

/** Requests as somebody else's client would write them. */
export async function http(
  server: Server,
  request: {
    method: string;
    path: string;
    grant?: Grant;
    token?: string;
    headers?: Record<string, string>;
    body?: unknown;
  },
): Promise<{ status: number; headers: Headers; bytes: Uint8Array; json: Record<string, unknown> }> {
  const token = request.grant ? await tokenFor(request.grant) : request.token;
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...request.headers };
  const init = { method: request.method, headers, body: request.body, duplex: "half" };
  const response = await server.dispatchFetch(URL_OF_SERVER + request.path, init);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isJson = response.headers.get("content-type")?.includes("json");
  const json = isJson ? JSON.parse(new TextDecoder().decode(bytes)) : {};
  return { status: response.status, headers: response.headers, bytes, json };
}
