// A parameter server for tests, and requests to it.

import { fileURLToPath } from "node:url";
import { type Grant, issueToken, ParameterClient, type ParameterClientOptions } from "sgd-wasm/durable";
import { type Miniflare, startLocal } from "../../examples/federated/local/miniflare.js";
import type { Fault } from "./worker/faulty.js";

export const SECRET = "a secret of tests, not of anybody";
export const URL_OF_SERVER = "http://train.example";

export interface ServerOptions {
  /** a file of worker/, without `.ts`; by default that of examples/federated */
  worker?: string;
  /** a folder for what the objects store; without it they forget everything */
  persist?: string;
}

/** A server; `dispose` it. */
export function startServer({ worker, persist }: ServerOptions = {}): Promise<Miniflare> {
  const source = worker ? `worker/${worker}.ts` : "../../examples/federated/worker.ts";
  return startLocal({ worker: fileURLToPath(new URL(source, import.meta.url)), secret: SECRET, persist });
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
    fetch: (url, init) => server.dispatchFetch(url, init),
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

/** Sends pieces one by one: `next` sends one more, or ends. */
export function pieces() {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(own) {
      controller = own;
    },
  });
  return {
    body,
    send: async (piece: Uint8Array) => {
      controller.enqueue(piece);
      await new Promise((resolve) => setTimeout(resolve, 100));
    },
    end: () => controller.close(),
    abort: (error: Error) => controller.error(error),
  };
}

/**
 * Makes the objects of worker/faulty.ts stop somewhere, or no more.
 *
 * @returns how often the fault before has struck, and how often alarms have gone off meanwhile
 */
export async function setFault(server: Server, fault: Fault | null): Promise<{ fired: number; alarms: number }> {
  const { json } = await http(server, { method: "POST", path: "/fault", body: JSON.stringify(fault) });
  return json as { fired: number; alarms: number };
}
