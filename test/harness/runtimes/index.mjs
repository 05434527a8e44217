// The one list of runtimes. An entry has a `name` for --only, a `title`, how to `get` it, `present()`, `version()`,
// `bundles` (see test/bundle.mjs), `ways` to load the package there, and `run(folder, legs, seconds)`, which gives the
// report of each leg in turn. A leg is one run of all suites: `{ way, rounding }`.

import { fileURLToPath } from "node:url";
import { chromium, firefox, webkit } from "./browser.mjs";
import { command } from "./command.mjs";
import { workerd } from "./workerd.mjs";

const modules = (path) => fileURLToPath(new URL(`node_modules/${path}`, import.meta.url));
const GET_PACKAGES = "npm run runtimes";

function node(major) {
  const isThis = Number(process.versions.node.split(".")[0]) === major;
  return command({
    name: `node${major}`,
    title: `Node ${major}`,
    path: isThis ? process.execPath : modules(`node${major}/bin/node`),
    node: true,
    get: major === 20 ? "run the tests with Node 20" : GET_PACKAGES,
  });
}

export const RUNTIMES = [
  node(20),
  node(22),
  node(24),
  node(26),
  command({
    name: "deno",
    title: "Deno",
    path: modules("@deno/linux-x64-glibc/deno"),
    args: ["run", "--allow-all", "--quiet"],
    get: GET_PACKAGES,
  }),
  command({ name: "bun", title: "Bun", path: modules("bun/bin/bun.exe"), get: GET_PACKAGES }),
  workerd,
  chromium,
  firefox,
  webkit,
];
