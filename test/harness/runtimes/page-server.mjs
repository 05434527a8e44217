// Serves the suites to a browser, each way of loading them under a path of its own with its headers, and receives the
// reports. A page whose run has ended asks where to go next, so that one start of the browser is enough.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { EXAMPLE, readmeReport } from "./readme.mjs";

export const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
/** Allows scripts and workers from files of the page's own origin only. */
export const STRICT = { "Content-Security-Policy": "script-src 'self' 'wasm-unsafe-eval'" };

/**
 * The headers of each way, and the script of the page: see browser.mjs. `inline` is a script in the page itself; `report`
 * makes of what the page sends a report.
 */
export const WAYS = {
  page: { script: "page" },
  isolated: { script: "page", headers: ISOLATION },
  CSP: { script: "page", headers: STRICT },
  "isolated CSP": { script: "page-without-blob", headers: { ...ISOLATION, ...STRICT } },
  "CSP without Wasm": { script: "refused", headers: { "Content-Security-Policy": "script-src 'self'" } },
  README: { script: "readme", inline: EXAMPLE, report: ({ output }) => readmeReport(output) },
  Worker: { script: "worker" },
  "Service Worker": { script: "service-worker" },
};

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };
const IMPORT_MAP =
  '<script type="importmap">{"imports":{"sgd-wasm":"../node_modules/sgd-wasm/dist/index.js"}}</script>';
const FAVICON = '<link rel="icon" href="data:,">';

/** `{ url, reports, close() }`: reports[i] is a promise of what leg i gives. */
export async function servePages(folder, legs, bundleFolder) {
  const urls = legs.map(({ way, rounding }) => `/${encodeURIComponent(way)}/${bundleFolder}/${rounding}.html`);
  const resolvers = [];
  const reports = legs.map(() => new Promise((resolve) => resolvers.push(resolve)));
  const server = createServer(async (request, response) => {
    const [, way, ...rest] = decodeURIComponent(new URL(request.url, "http://page").pathname).split("/");
    const send = (status, type, body) =>
      response
        .writeHead(status, { "Content-Type": type, "Cache-Control": "no-store", ...WAYS[way]?.headers })
        .end(body);
    const file = rest.join("/");
    const rounding = file.slice(bundleFolder.length + 1).split(".")[0];
    const leg = legs.findIndex((leg) => leg.way === way && leg.rounding === rounding);
    if (request.method === "POST") {
      const sent = JSON.parse(await text(request));
      resolvers[leg](WAYS[way].report && !sent.error ? WAYS[way].report(sent) : sent);
      send(200, "text/plain", "");
    } else if (file.endsWith(".next")) {
      await reports[leg];
      send(200, "text/plain", urls[leg + 1] ?? "");
    } else if (file.endsWith(".html")) {
      const { script, inline } = WAYS[way];
      const scripts = `<script type="module" src="${script}-${rounding}.js"></script>`;
      const own = inline ? `${IMPORT_MAP}${scripts}<script type="module">\n${inline}</script>` : scripts;
      send(200, "text/html", `<!doctype html><title>sgd-wasm</title>${FAVICON}${own}`);
    } else {
      const path = join(folder, normalize(`/${file}`));
      const body = await readFile(path).catch(() => null);
      if (body) send(200, TYPES[extname(path)] ?? "application/octet-stream", body);
      else send(404, "text/plain", "not found");
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}${urls[0]}`, reports, close };
}

async function text(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
