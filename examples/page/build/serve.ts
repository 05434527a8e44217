// Serves a folder, as a host of static pages does.

import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

/** With these, a page has shared memory, and so threads. */
export const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

/** `headers` go with every answer. `port` 0 is any that is free. */
export async function servePage(folder: string, headers: Record<string, string> = {}, port = 0) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://page");
    const path = normalize(decodeURIComponent(pathname)).replace(/\/$/, "/index.html");
    const file = await readFile(join(folder, path)).catch(() => null);
    const isText = file !== null && extname(path) in TYPES;
    const body = isText ? gzipSync(file) : file;
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    response.writeHead(body ? 200 : 404, {
      "Content-Type": body ? type : "text/plain",
      "Cache-Control": "no-cache",
      ...(isText && { "Content-Encoding": "gzip" }),
      ...headers,
    });
    response.end(body ?? "There is no such file.");
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  return { url: `http://localhost:${(server.address() as AddressInfo).port}/`, close: () => close(server) };
}

function close(server: Server): void {
  server.closeAllConnections();
  server.close();
}
