// Browsers, started on a page that runs the suites and sends the report back. Nothing drives them but the page itself.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { servePages, WAYS } from "./page-server.mjs";
import { run, start, tail, within } from "./process.mjs";
import { refusedProgram } from "./refused.mjs";

/** Runs the suites wherever it is loaded: in a page, a Worker or a Service Worker. Sends a report, whatever happens. */
const program = (rounding, from = rounding) => `import { run } from "./${from}.js";
const send = (report) => fetch("${rounding}.report", { method: "POST", body: JSON.stringify(report) });
const sent = run().then(send);
self.addEventListener("install", (event) => event.waitUntil?.(sent));
`;

const explain = `(error) => String(error?.stack ? error + "\\n" + error.stack : (error?.message ?? error))`;

/** What the pages of each way load. They go on to the next page when the report has arrived. */
const LOADERS = {
  page: (rounding) => `import("./main-${rounding}.js").catch(fail);`,
  "page-without-blob": (rounding) =>
    `globalThis.SGD_NO_BLOB_WORKERS = true; import("./main-${rounding}.js").catch(fail);`,
  refused: (rounding) => `import("./main-refused-${rounding}.js").catch(fail);`,
  readme: (rounding) =>
    `console.log = (data) => fetch("${rounding}.report", { method: "POST", body: JSON.stringify({ output: String(data) }) });`,
  worker: (rounding) => `new Worker("main-${rounding}.js", { type: "module" }).onerror = fail;`,
  "service-worker": (rounding) => `
navigator.serviceWorker.register("main-${rounding}.js", { type: "module", scope: "./${rounding}" }).catch(fail);`,
};

const loader = (load, rounding) => `const fail = (error) =>
  fetch("${rounding}.report", { method: "POST", body: JSON.stringify({ error: (${explain})(error) }) });
addEventListener("error", fail);
addEventListener("unhandledrejection", ({ reason }) => fail(reason));
${load(rounding)}
const next = await (await fetch("${rounding}.next")).text();
if (next) location.href = next;
`;

const extra = (rounding) => ({
  ...Object.fromEntries(
    Object.entries(LOADERS).map(([name, load]) => [`${name}-${rounding}.js`, loader(load, rounding)]),
  ),
  "refused.js": refusedProgram(
    "CSP without Wasm",
    ["index", "threads"].map((name) => `../node_modules/sgd-wasm/dist/${name}.js`),
  ),
  [`main-refused-${rounding}.js`]: program(rounding, "refused"),
});

const BUNDLE = { folder: "web", conditions: ["browser"], program, extra };

/** `launch(url, profile)` starts the browser in an empty folder of its own and returns what has to be stopped. */
export function browser({ name, title, path, get, launch, except = [] }) {
  return {
    name,
    title,
    get,
    bundles: [BUNDLE],
    ways: Object.keys(WAYS).filter((way) => !except.includes(way)),
    present: () => existsSync(path),
    async version() {
      const { output } = await run(path, ["--version"], { seconds: 20 });
      return /\d+(\.\d+)+/.exec(output)?.[0] ?? output;
    },
    async *run(folder, legs, seconds) {
      const server = await servePages(folder, legs, BUNDLE.folder);
      const profile = mkdtempSync(join(tmpdir(), `sgd-wasm-${name}-`));
      const processes = [];
      try {
        processes.push(...(await launch(server.url, profile)));
        const program = processes.at(-1);
        const gone = program.ended.then(({ code }) => {
          throw new Error(`${title} ended with code ${code}\n${tail(program.output)}`);
        });
        for (const report of server.reports) {
          yield await within(seconds, Promise.race([report, gone]), () => tail(program.output));
        }
      } finally {
        for (const { stop } of processes.reverse()) stop();
        server.close();
        rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      }
    },
  };
}

export const CHROMIUM_FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync --disable-dev-shm-usage " +
  "--disable-background-networking --disable-component-update --disable-background-timer-throttling";

export const startChromium = (url, profile) =>
  start("/usr/bin/chromium", [...CHROMIUM_FLAGS.split(" "), `--user-data-dir=${profile}`, url]);

export const chromium = browser({
  name: "chromium",
  title: "Chromium",
  path: "/usr/bin/chromium",
  get: "apt-get install chromium",
  launch: (url, profile) => [startChromium(url, profile)],
});

/** No page but ours, no contact with anybody. */
export const FIREFOX_PREFERENCES = {
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.reportingpolicy.firstRun": false,
  "app.update.enabled": false,
  "app.normandy.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "http://127.0.0.1:9/",
};

export const firefox = browser({
  name: "firefox",
  title: "Firefox",
  path: "/usr/bin/firefox-esr",
  get: "apt-get install firefox-esr",
  launch(url, profile) {
    const lines = Object.entries(FIREFOX_PREFERENCES).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, "user.js"), lines.join(""));
    const env = { ...process.env, HOME: profile, MOZ_DISABLE_CONTENT_SANDBOX: "1" };
    return [start("/usr/bin/firefox-esr", ["--headless", "--no-remote", "--profile", profile, url], { env })];
  },
});

export const MINI_BROWSER = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

const miniBrowserPages = browser({
  name: "webkit",
  title: "WebKitGTK",
  path: MINI_BROWSER,
  get: "apt-get install webkit2gtk-driver xvfb",
  // It has no shared memory, and so no use for it.
  except: ["isolated", "isolated CSP"],
  launch: async (url, profile) => miniBrowser([url], profile),
});

export const webkit = {
  ...miniBrowserPages,
  /** A browser for each leg: a page may wait for minutes until the memories of the one before are collected. */
  async *run(folder, legs, seconds) {
    for (const leg of legs) yield* miniBrowserPages.run(folder, [leg], seconds);
  },
  // Even to say its version it needs a screen.
  async version() {
    const [screen, program] = await miniBrowser(["--version"], tmpdir());
    await within(20, program.ended);
    screen.stop();
    return /WebKitGTK (\S+)/.exec(program.output)?.[1] ?? program.output;
  },
};

/** Starts MiniBrowser on a screen of its own. */
async function miniBrowser(args, profile) {
  const { screen, env } = await startScreen(profile);
  return [screen, start(MINI_BROWSER, args, { env })];
}

/** A screen, and the environment in which WebKitGTK's programs use it and keep everything in `profile`. */
export async function startScreen(profile) {
  const screen = start("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]);
  const env = {
    ...process.env,
    DISPLAY: `:${await within(20, displayOf(screen))}`,
    HOME: profile,
    XDG_RUNTIME_DIR: profile,
    GDK_BACKEND: "x11",
    LIBGL_ALWAYS_SOFTWARE: "1",
    WEBKIT_DISABLE_COMPOSITING_MODE: "1",
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
  };
  return { screen, env };
}

/** The number that Xvfb prints when it is ready. */
async function displayOf(screen) {
  while (!/^\d+\n/m.test(screen.output)) {
    if (screen.child.exitCode !== null) throw new Error(`Xvfb ended: ${screen.output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return /^(\d+)\n/m.exec(screen.output)[1];
}
