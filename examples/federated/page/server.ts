// Serves the page, hands its client's requests on to the parameter server, and hears what it has done.

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Progress } from "../training.js";

/** A step that was pushed, or the end, with the error if there was one. */
export type Report = { progress: Progress } | { end: string | null };

export interface PageOptions {
  /** where the parameter server listens now */
  upstream(): string;
  onProgress(progress: Progress): void;
}

export class PageServer {
  readonly #options: PageOptions;
  readonly #files = new Map<string | undefined, { type: string; body: Uint8Array }>();
  // A page that is closed or loaded again breaks off what it was sending.
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy());
  });
  #end!: (error: string | null) => void;
  /** Settles when the page has ended; rejects where it failed. */
  readonly ended = new Promise<void>((resolve, reject) => {
    this.#end = (error) => (error === null ? resolve() : reject(new Error(`the page ended with ${error}`)));
  });

  constructor(options: PageOptions) {
    this.#options = options;
  }

  /** Returns the page's address. */
  async start(): Promise<string> {
    const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const entryPoints = [path("page.ts")];
    const { outputFiles } = await build({ entryPoints, bundle: true, write: false, format: "esm", target: "es2022" });
    this.#files.set("/", { type: "text/html", body: readFileSync(path("index.html")) });
    this.#files.set("/page.js", { type: "text/javascript", body: outputFiles[0].contents });
    for (const name of ["images.u8", "labels.u8", "perm_train.i32"]) {
      const body = readFileSync(path(`../../digits/data/${name}`));
      this.#files.set(`/digits/${name}`, { type: "application/octet-stream", body });
    }
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://localhost:${(this.#server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const file = this.#files.get(request.url);
    if (request.url?.startsWith("/runs/")) handOn(request, response, this.#options.upstream());
    else if (request.url === "/report") {
      const report = (await json(request)) as Report;
      if ("end" in report) this.#end(report.end);
      else this.#options.onProgress(report.progress);
      response.end();
    } else if (file) response.writeHead(200, { "content-type": file.type }).end(file.body);
    else response.writeHead(404).end();
  }
}

/** What the server leaves without an answer gets none here either: the client asks again, wherever the server listens by then. */
function handOn(incoming: IncomingMessage, response: ServerResponse, upstream: string): void {
  const { method, headers } = incoming;
  const outgoing = request(upstream + incoming.url, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    pipeline(answer, response, () => {});
  });
  outgoing.on("error", () => response.destroy());
  response.on("close", () => outgoing.destroy());
  incoming.pipe(outgoing);
}
