// Cloudflare Workers: workerd, as miniflare runs it.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { within } from "./process.mjs";
import { EXAMPLE, readmeReport } from "./readme.mjs";

const modules = (path) => fileURLToPath(new URL(`node_modules/${path}`, import.meta.url));

/** In a handler, and while the module is evaluated. */
const program = (rounding) => `import { run } from "./${rounding}.js";
export default { fetch: async () => Response.json(await run()) };
`;
const atModuleScope = (rounding) => `import { run } from "./${rounding}.js";
const report = await run();
export default { fetch: () => Response.json(report) };
`;

const WAYS = { handler: "workerd", "module scope": "workerd-module-scope", README: "workerd-readme" };

export const workerd = {
  name: "workerd",
  title: "workerd",
  get: "npm run runtimes",
  bundles: [
    { folder: WAYS.handler, conditions: ["workerd"], program },
    // Timers, streams and randomness, which suites use, are for handlers only.
    { folder: WAYS["module scope"], conditions: ["workerd"], program: atModuleScope, only: "core/engine.test.ts" },
  ],
  ways: Object.keys(WAYS),
  present: () => existsSync(modules("miniflare/package.json")),
  version: async () => JSON.parse(readFileSync(modules("workerd/package.json"), "utf8")).version,
  async *run(folder, legs, seconds) {
    for (const { way, rounding } of legs) {
      if (way === "README") {
        await bundleExample(folder, `${WAYS[way]}/main.js`);
        yield readmeReport(await runWorker(folder, `${WAYS[way]}/main.js`, seconds));
        continue;
      }
      const report = JSON.parse(await runWorker(folder, `${WAYS[way]}/main-${rounding}.js`, seconds));
      yield way === "handler" ? report : { ...report, group: way };
    }
  },
};

/** The example in a Worker that answers with what it would print, bundled as wrangler does: .wasm files stay modules. */
async function bundleExample(folder, outfile) {
  await build({
    stdin: {
      contents: `${EXAMPLE}\nexport default { fetch: () => new Response(String(weight.data)) };\n`,
      resolveDir: folder,
    },
    outfile: join(folder, outfile),
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    plugins: [
      {
        name: "modules",
        setup({ onResolve }) {
          onResolve({ filter: /\.wasm$/ }, ({ resolveDir, path }) => ({
            path: relative(join(folder, outfile, ".."), join(resolveDir, path)),
            external: true,
          }));
        },
      },
    ],
  });
}

async function runWorker(folder, main, seconds) {
  const { Log, LogLevel, Miniflare } = await import("miniflare");
  const worker = new Miniflare({
    modulesRoot: folder,
    modules: workerModules(folder, main),
    compatibilityDate: "2026-07-01",
    log: new Log(LogLevel.ERROR),
    // uvu prints a line for every test.
    handleRuntimeStdio: (stdout) => stdout.resume(),
  });
  try {
    const response = await within(seconds, worker.dispatchFetch("http://localhost/"));
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text;
  } finally {
    await worker.dispose();
  }
}

/** All files that the worker may import, the main module first; .wasm files as modules that are compiled already. */
function workerModules(folder, main) {
  const near = main.slice(0, main.indexOf("/"));
  const files = [near, "node_modules/sgd-wasm/dist"].flatMap((from) =>
    readdirSync(join(folder, from), { recursive: true }).map((name) => join(from, name)),
  );
  return [main, ...files.filter((file) => file !== main && /\.(js|wasm)$/.test(file))].map((file) => ({
    type: file.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
    path: join(folder, file),
  }));
}
