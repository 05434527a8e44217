// Builds a small project with every bundler, from the packed tarball and without configuration, and runs it in a
// browser: all must end with the same bits as Node. Then asks publint and are-the-types-wrong about the tarball.
// `npm run bundlers` installs the bundlers first; with --write the table goes to docs/runtimes.md as well, if nothing failed.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { install, pack, packageSubpaths } from "../consumer.mjs";
import { chromium } from "../runtimes/browser.mjs";
import { ISOLATION, STRICT } from "../runtimes/page-server.mjs";
import { run, tail } from "../runtimes/process.mjs";
import { EXAMPLE, readmeReport } from "../runtimes/readme.mjs";
import { table, writeTable } from "../table.mjs";
import { PROJECTS } from "./projects.mjs";
import { folderSite, openPage, serverSite } from "./site.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const OUT = join(HERE, "out");
const SECONDS = 120;
const bin = (name) => join(HERE, "node_modules/.bin", name);

const rows = [];
let failed = 0;
if (!existsSync(bin("vite")) || !chromium.present()) {
  console.log(`missing: ${existsSync(bin("vite")) ? `Chromium (${chromium.get})` : "the bundlers (npm run bundlers)"}`);
  console.log(`0 passed, ${process.env.SGD_REQUIRE_ALL ? 1 : 0} failed`);
  process.exit(process.env.SGD_REQUIRE_ALL ? 1 : 0);
}
await main();
console.log(`\n${rows.length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

async function main() {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT);
  const tarball = pack(OUT);
  install(tarball, OUT);
  const expected = await onNode();
  for (const [index, project] of PROJECTS.entries()) {
    const about = [project.name, versionOf(project.package)];
    try {
      for await (const [where, report, { none, reason } = {}] of runProject(project, index)) {
        const problem = compare(report, expected, reason);
        const details = report.fma ? [report.fma, none ?? "2"] : ["", ""];
        verdict([...about, where, ...details], problem ?? "the bits of Node", problem === null);
      }
    } catch (error) {
      verdict([...about, "", "", ""], error.message, false);
    }
  }
  for (const [name, ...args] of [
    ["publint", tarball, "--strict"],
    ["attw", tarball, "--profile", "esm-only", "--format", "ascii"],
  ]) {
    const { code, output } = await run(bin(name), args, { cwd: OUT, seconds: SECONDS });
    const version = versionOf(name === "attw" ? "@arethetypeswrong/cli" : name);
    verdict([name, version, "the tarball", "", ""], code === 0 ? "content" : tail(output), code === 0);
  }
  const text = table(["bundler", "version", "run as", "multiply-add", "threads", "result"], rows);
  console.log(`\n${text}`);
  if (process.argv.includes("--write") && failed === 0) writeTable("runtimes.md", "bundlers", text);
}

function versionOf(name) {
  return JSON.parse(readFileSync(join(HERE, "node_modules", name, "package.json"), "utf8")).version;
}

function verdict(about, text, ok) {
  if (!ok) failed++;
  rows.push([...about, ok ? text : "FAILED"]);
  console.log(`${ok ? "passed" : "FAILED"}  ${[...about, text].filter(Boolean).join(", ")}`);
}

/** The bits of both programs. */
async function onNode() {
  for (const [name, source] of Object.entries(programs())) writeFileSync(join(OUT, name), source);
  const outputOf = async (program) => {
    const args = ["--input-type=module", "--eval", program];
    return (await run(process.execPath, args, { cwd: OUT, seconds: 20 })).output;
  };
  const output = await outputOf('import { run } from "./train.mjs"; console.log(JSON.stringify(await run()));');
  return { ...JSON.parse(output), example: readmeReport(await outputOf(EXAMPLE)).digest };
}

/** The files of every project: train.mjs, and the names that all subpaths of the package export. */
function programs() {
  const subpaths = packageSubpaths(OUT).filter((subpath) => !/\.(wasm|json)$/.test(subpath));
  const imports = subpaths.map((subpath, i) => `import * as _${i} from "${subpath}";\n`).join("");
  const names = subpaths.map((subpath, i) => `"${subpath}": Object.keys(_${i}).sort()`).join(", ");
  const exported = `${imports}export const exported = { ${names} };\n`;
  return { "train.mjs": readFileSync(join(HERE, "train.mjs"), "utf8"), "exported.mjs": exported };
}

/** What is wrong with a report; null if nothing is. `reason`: what must be said because there are no threads. */
function compare({ bits, separate, exported, threads, output }, expected, reason) {
  if (output !== undefined) return readmeReport(output).digest === expected.example ? null : `it printed ${output}`;
  if (bits !== expected.bits) return `other bits than on Node: ${bits}`;
  if (!isDeepStrictEqual(separate, expected.separate))
    return `rounded twice, not as on Node: ${JSON.stringify(separate)}`;
  if (!isDeepStrictEqual(exported, expected.exported)) return `other names than on Node: ${JSON.stringify(exported)}`;
  const right = reason
    ? reason.test(threads.reason)
    : threads.available && threads.threads === 2 && threads.bits === expected.bits;
  return right ? null : `threads: ${JSON.stringify(threads)}`;
}

/** Gives where the project ran, what came of it, and how threads fare there, if they are not just there. */
async function* runProject({ name, files, build, pages, server, strict, where = "isolated page", routes = {} }, index) {
  const folder = join(OUT, name.toLowerCase().replaceAll(/\W/g, "-"));
  const common = { "package.json": `{ "private": true, "type": "module" }`, ...programs() };
  for (const [path, source] of Object.entries({ ...common, ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), source);
  }
  const env = { ...process.env, NO_COLOR: "1", NEXT_TELEMETRY_DISABLED: "1", CI: "1" };
  for (const [command, ...args] of build) {
    const { code, output } = await run(bin(command), args, { cwd: folder, env, seconds: SECONDS });
    if (code !== 0) throw new Error(`${command} ended with code ${code}\n${tail(output)}`);
    const warning = output.split("\n\n").find((part) => /warn/i.test(part) && part.includes("node_modules/sgd-wasm/"));
    if (warning) throw new Error(`${command} warns of the package:\n${warning}`);
  }
  const port = 41700 + index;
  const [command, ...args] = server?.(String(port)) ?? [];
  const site = server
    ? await serverSite([bin(command), ...args], port, { cwd: folder, env })
    : folderSite(join(folder, pages));
  try {
    yield [where, await openPage(site, ISOLATION)];
    if (strict) yield ["isolated page, strict CSP", await openPage(site, { ...ISOLATION, ...STRICT }), strict];
    for (const [route, threads] of Object.entries(routes)) {
      const { status, body } = await site.get(`/${route}`);
      if (status !== 200) throw new Error(`/${route}: ${status}\n${site.output()}`);
      yield [`route on ${route}`, JSON.parse(body), threads];
    }
  } finally {
    site.close();
  }
}
