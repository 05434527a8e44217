// Builds a small project with every bundler, from the packed tarball and without configuration, and runs it in a
// browser: all must end with the same bits as Node. Then asks publint and are-the-types-wrong about the tarball.
// `npm run bundlers` installs the bundlers first.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { install, pack } from "../consumer.mjs";
import { chromium, startChromium } from "../runtimes/browser.mjs";
import { run, start, tail, within } from "../runtimes/process.mjs";
import { projects } from "./projects.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const OUT = join(HERE, "out");
const SECONDS = 120;
const bin = (name) => join(HERE, "node_modules/.bin", name);
const TYPES = { ".html": "text/html", ".js": "text/javascript" };

const app = (report) => `import { createEngine, SGD } from "sgd-wasm";

export function train() {
  const engine = createEngine();
  const parameter = engine.parameter(33, { data: Array.from({ length: 33 }, (_, i) => Math.sqrt(i)) });
  const optimizer = new SGD([parameter], { lr: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true });
  for (let step = 0; step < 20; step++) {
    parameter.grad = parameter.data.map((x) => x - step);
    optimizer.step();
  }
  return engine.info.fma + " " + Array.from(new Uint32Array(parameter.data.slice().buffer), (x) => x.toString(16)).join("");
}
const report = ${report};
`;

const results = [];
if (!existsSync(bin("vite")) || !chromium.present()) {
  console.log(`missing: ${existsSync(bin("vite")) ? `Chromium (${chromium.get})` : "the bundlers (npm run bundlers)"}`);
  console.log(`0 passed, ${process.env.SGD_REQUIRE_ALL ? 1 : 0} failed`);
  process.exit(process.env.SGD_REQUIRE_ALL ? 1 : 0);
}
await main();
const failed = results.filter((ok) => !ok).length;
console.log(`\n${results.length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

async function main() {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT);
  const tarball = pack(OUT);
  install(tarball, OUT);
  const expected = bitsOf(await onNode());
  const inbox = await collector();
  for (const [index, project] of projects(app(inbox.report)).entries()) {
    try {
      await runProject(project, index, inbox, (what, text) => {
        if (bitsOf(text) !== expected) throw new Error(`other bits than on Node: ${text}`);
        verdict(`${project.name}${what}`, `the bits of Node, multiply-add ${text.split(" ")[0]}`);
      });
    } catch (error) {
      verdict(project.name, error.message, false);
    }
  }
  inbox.close();
  await judge("publint", [bin("publint"), tarball, "--strict"]);
  await judge("are-the-types-wrong", [bin("attw"), tarball, "--profile", "esm-only", "--format", "ascii"]);
}

function bitsOf(text) {
  return text.trim().split(" ")[1];
}

function verdict(name, text, ok = true) {
  results.push(ok);
  console.log(`${ok ? "passed" : "FAILED"}  ${name.padEnd(20)}  ${text}`);
}

async function onNode() {
  writeFileSync(join(OUT, "node.js"), `${app("console.log")}\nreport(train());\n`);
  return (await run(process.execPath, ["node.js"], { cwd: OUT, seconds: 20 })).output;
}

/** Where pages send what they end with. */
async function collector() {
  let deliver;
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    response.end();
    deliver?.(text);
  });
  const port = await listen(server);
  return {
    report: `(bits) => { fetch("http://127.0.0.1:${port}/", { method: "POST", mode: "no-cors", body: bits }); }`,
    next: () => new Promise((resolve) => (deliver = resolve)),
    close: () => server.close(),
  };
}

function listen(server) {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
}

async function runProject({ name, files, build, pages, server, routes = [] }, index, inbox, accept) {
  const folder = join(OUT, name.toLowerCase().replaceAll(/\W/g, "-"));
  const package_ = { "package.json": `{ "private": true, "type": "module" }` };
  for (const [path, source] of Object.entries({ ...package_, ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), source);
  }
  const env = { ...process.env, NO_COLOR: "1", NEXT_TELEMETRY_DISABLED: "1", CI: "1" };
  for (const [command, ...args] of build) {
    const { code, output } = await run(bin(command), args, { cwd: folder, env, seconds: SECONDS });
    if (code !== 0) throw new Error(`${command} ended with code ${code}\n${tail(output)}`);
  }
  const site = server ? await startServer(server, 41700 + index, folder, env) : await serveFolder(join(folder, pages));
  try {
    accept(routes.length > 0 ? ", client" : "", await openPage(site.url, inbox));
    for (const route of routes) {
      const response = await fetch(`${site.url}${route}`);
      const text = await response.text();
      if (!response.ok) throw new Error(`/${route}: ${response.status}\n${site.output()}`);
      accept(`, route on ${route}`, text);
    }
  } finally {
    site.close();
  }
}

async function startServer(command, port, cwd, env) {
  const [name, ...args] = command(String(port));
  const server = start(bin(name), args, { cwd, env });
  const url = `http://127.0.0.1:${port}/`;
  const ready = async () => {
    while (!(await fetch(url).catch(() => null))?.ok) await new Promise((resolve) => setTimeout(resolve, 200));
  };
  await within(60, ready(), () => tail(server.output));
  return { url, output: () => tail(server.output), close: server.stop };
}

async function serveFolder(folder) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://page").pathname.replace(/\/$/, "/index.html");
    const file = join(folder, path);
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
    response.end(readFileSync(file));
  });
  const port = await listen(server);
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}/`, output: () => "", close };
}

async function openPage(url, inbox) {
  const profile = mkdtempSync(join(tmpdir(), "sgd-wasm-bundlers-"));
  const text = inbox.next();
  const browser = startChromium(url, profile);
  try {
    return await within(30, text, () => tail(browser.output));
  } finally {
    browser.stop();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

async function judge(name, [command, ...args]) {
  const { code, output } = await run(command, args, { cwd: OUT, seconds: SECONDS });
  verdict(name, code === 0 ? "content" : tail(output), code === 0);
}
