// The client in other places than Node: a Worker, Bun, Deno, a page of another origin.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import * as assert from "uvu/assert";
import { suite } from "../harness/suite.js";
// @ts-expect-error: without types
import { chromium } from "../page/drivers/puppeteer.mjs";
import { startServer, tokenFor } from "./server.js";

const test = suite("places");
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-places-"));
let server: Awaited<ReturnType<typeof startServer>>;
let url: string;
let program: string;
test.before(async () => {
  server = await startServer({ worker: "places" });
  url = String(await server.ready);
  const entryPoints = [path("alone.ts")];
  const { outputFiles } = await build({ entryPoints, bundle: true, write: false, format: "iife", globalName: "alone" });
  program = outputFiles[0].text;
});
test.after(async () => {
  await server.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const tokenOf = (run: string) => tokenFor({ run, role: "admin", worker: "w" });
const optionsOf = async (run: string) => JSON.stringify({ url, run, token: await tokenOf(run) });

function assertTrained({ got, expected }: { got: number[]; expected: number[] }): void {
  assert.is(got.length, 1_000);
  assert.equal(got, expected);
}

test("a Worker", async () => {
  const response = await server.dispatchFetch(`${url}train?token=${await tokenOf("worker")}`);
  assertTrained(await response.json());
});

const RUNTIMES = { bun: ["bun/bin/bun.exe"], deno: ["@deno/linux-x64-glibc/deno", "run", "--allow-net"] };
for (const [name, [file, ...args]] of Object.entries(RUNTIMES)) {
  test(name, async () => {
    const main = join(folder, `${name}.js`);
    writeFileSync(
      main,
      `${program}\nalone.trainAlone(${await optionsOf(name)}).then((r) => console.log(JSON.stringify(r)));`,
    );
    const executable = path(`../harness/runtimes/node_modules/${file}`);
    const { stdout } = await promisify(execFile)(executable, [...args, main]);
    assertTrained(JSON.parse(stdout));
  });
}

if (!chromium.present() && !process.env.SGD_REQUIRE_ALL) test.skip("a page of another origin");
else {
  test("a page of another origin", async () => {
    const site = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<!doctype html><title>page</title><script>${program}</script>`);
    }).listen(0);
    const driver = await chromium.launch();
    try {
      await driver.open(`http://localhost:${(site.address() as AddressInfo).port}/`);
      assertTrained(await driver.evaluate(`alone.trainAlone(${await optionsOf("page")})`));
      assert.equal(driver.errors, []);
    } finally {
      await driver.close();
      site.close();
    }
  });
}

test.run();
