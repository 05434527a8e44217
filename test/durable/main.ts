// `npm run test:durable`: the parameter server, from outside and from inside. `-- NAME` runs the files whose name contains it, `-- --kills 30` kills
// workerd thirty times where the ordinary run does three times.

import "../harness/prelude.js";
import { readdirSync } from "node:fs";
// @ts-expect-error: without types
import { printOutcome, settle } from "../harness/results.mjs";
import { beginFile } from "../harness/suite.js";

const names = process.argv.slice(2).filter((name, i, all) => name !== "--kills" && all[i - 1] !== "--kills");
const files = readdirSync(new URL(".", import.meta.url))
  .filter((name) => name.endsWith(".test.ts"))
  .filter((name) => names.length === 0 || names.some((part) => name.includes(part)));
if (files.length === 0) throw new Error(`no file of test/durable has a name with ${names.join(" or ")}`);
for (const file of files) {
  beginFile(file);
  await import(`./${file}`);
}
const { run } = await import("../harness/report.js");
const start = Date.now();
const report = await run();
for (const { file, test, status, milliseconds } of report.results) {
  console.log(`${status.padEnd(7)} ${String(milliseconds).padStart(6)} ms  ${file}: ${test}`);
}
const about = { name: "durable", title: "workerd", version: "", way: "miniflare", rounding: "both" };
const settled = { ...settle(about, report), milliseconds: Date.now() - start };
process.exit(printOutcome([settled]) > 0 ? 1 : 0);
