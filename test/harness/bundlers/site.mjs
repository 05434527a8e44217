// What a project has built, behind a server of our own: it adds the headers of hosting and receives the page's report.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { startChromium } from "../runtimes/browser.mjs";
import { start, tail, within } from "../runtimes/process.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript" };

/** The files of a folder. */
export function folderSite(folder) {
  const get = async (path) => {
    const file = join(folder, path.replace(/\/$/, "/index.html"));
    if (!existsSync(file)) return { status: 404, body: "" };
    return { status: 200, type: TYPES[extname(file)] ?? "application/octet-stream", body: readFileSync(file) };
  };
  return { get, output: () => "", close: () => {} };
}

/** What the bundler's own server answers on `port`. */
export async function serverSite([command, ...args], port, options) {
  const server = start(command, args, options);
  const get = async (path) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    const body = Buffer.from(await response.arrayBuffer());
    return { status: response.status, type: response.headers.get("content-type"), body };
  };
  const ready = async () => {
    while ((await get("/").catch(() => null))?.status !== 200) await new Promise((resolve) => setTimeout(resolve, 200));
  };
  await within(60, ready(), () => tail(server.output));
  return { get, output: () => tail(server.output), close: server.stop };
}

/** Opens the site's page in Chromium, served with headers; gives what it reports. */
export async function openPage(site, headers) {
  let deliver;
  const report = new Promise((resolve) => {
    deliver = resolve;
  });
  const server = createServer(async (request, response) => {
    if (request.method === "POST") {
      let text = "";
      for await (const chunk of request) text += chunk;
      deliver(JSON.parse(text));
      response.end();
    } else {
      const { status, type = "text/plain", body } = await site.get(request.url);
      response.writeHead(status, { "Content-Type": type, ...headers }).end(body);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const profile = mkdtempSync(join(tmpdir(), "sgd-wasm-bundlers-"));
  const browser = startChromium(`http://127.0.0.1:${server.address().port}/`, profile);
  try {
    return await within(30, report, () => tail(browser.output + site.output()));
  } finally {
    browser.stop();
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
