// Tests the page of examples/page in browsers, as a person would use it. `npm run test:page -- --help` explains the options.
// The last line is `N passed, N failed`.

// First: uvu reads what it sets.
import "../harness/prelude.js";

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { exec } from "uvu";
import { buildPage } from "../../examples/page/build/build.js";
import { printOutcome, settle } from "../harness/results.mjs";
import { beginFile, results } from "../harness/suite.js";
import { chromium, firefox } from "./drivers/puppeteer.mjs";
import { webkit } from "./drivers/webdriver.mjs";
import { accessibility } from "./suites/accessibility.mjs";
import { hosting } from "./suites/hosting.mjs";
import { journey } from "./suites/journey.mjs";
import { pointers } from "./suites/pointers.mjs";
import { pytorch } from "./suites/pytorch.mjs";
import { smoothness } from "./suites/smoothness.mjs";

const BROWSERS = [chromium, firefox, webkit];
/** With the browsers that they run in, all where there are none. */
const SUITES = [
  { define: journey, name: "journey" },
  { define: pointers, name: "pointers", only: [chromium, firefox] },
  { define: hosting, name: "hosting" },
  { define: pytorch, name: "pytorch", only: [chromium] },
  { define: accessibility, name: "accessibility", only: [chromium] },
  { define: smoothness, name: "smoothness", only: [chromium] },
];

const HELP = `npm run test:page -- [options]
  --only LIST    browsers, separated by commas: ${BROWSERS.map(({ name }) => name).join(", ")}
  --suite TEXT   only suites whose name contains TEXT: ${SUITES.map(({ name }) => name).join(", ")}
`;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: BROWSERS.map(({ name }) => name).join(",") },
    suite: { type: "string", default: "" },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (options.help) {
  process.stdout.write(HELP);
} else {
  process.exit((await main()) > 0 ? 1 : 0);
}

/** Returns the number of failures. */
async function main() {
  const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-page-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const site = { folder: join(folder, "page"), files: await buildPage(join(folder, "page")), scratch: folder };
  const chosen = BROWSERS.filter(({ name }) => options.only.split(",").includes(name));
  for (const browser of chosen.filter((browser) => browser.present())) {
    for (const { define, name, only = BROWSERS } of SUITES) {
      if (!only.includes(browser) || !name.includes(options.suite)) continue;
      beginFile(`${name} in ${browser.title}`);
      define(browser, site);
    }
  }
  await exec().catch((error) => console.error(error));
  const missing = chosen.filter((browser) => !browser.present()).map(({ title, get }) => `${title} is missing: ${get}`);
  for (const line of missing) console.log(line);
  return printOutcome(
    [settle({ name: "page", title: "page", version: "", way: "browsers", rounding: "fused" }, { results, empty: [] })],
    process.env.SGD_REQUIRE_ALL ? missing : [],
  );
}
