// A small project for each bundler, as a newcomer would begin it: no configuration. A project has the `package` that it is
// named after, the `files` it consists of besides train.mjs, the commands that `build` it, and either the folder of `pages`
// or a `server` to start. Its page posts what run() of train.mjs gives to /report. `strict`: how threads fare under a content
// security policy that allows workers from files only, if the bundler's own page runs under it; Parcel's and Next.js's have
// inline scripts. Where there are `none`, the error has to match `reason`. A project of `where` runs something else there.

import { EXAMPLE } from "../runtimes/readme.mjs";

const RUN = `import { run } from "./train.mjs";
const report = async () => fetch("/report", { method: "POST", body: JSON.stringify(await run()) });
`;
const MAIN = `${RUN}report();\n`;

/** The workers' program is a file of its own there. */
const FILE = {};
/** It is not, and the error says so. */
const NO_FILE = {
  none: "none without `worker-src blob:`",
  reason: /^a worker did not start: .*worker-src 'self' blob:/,
};

const page = (script) => `<!doctype html><title>app</title><script type="module" src="${script}"></script>`;

/** For bundlers that take a script, and leave the page to others. */
const SCRIPT_ONLY = { "main.js": MAIN, "dist/index.html": page("./main.js") };

/** What `npm create vite -- --template vanilla-ts` makes, with the README's example as its program. */
const STARTER_CONFIG = {
  compilerOptions: {
    target: "ES2023",
    module: "ESNext",
    lib: ["ES2023", "DOM"],
    types: ["vite/client"],
    strict: true,
    skipLibCheck: true,
    moduleResolution: "bundler",
    verbatimModuleSyntax: true,
    moduleDetection: "force",
    noEmit: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    erasableSyntaxOnly: true,
  },
  include: ["src"],
};
const PRINTED = `<script>
console.log = (data) => fetch("/report", { method: "POST", body: JSON.stringify({ output: String(data) }) });
</script>`;

/** The layout of every page of a Next.js application. */
const NEXT_LAYOUT = `export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}
`;
const NEXT_PAGE = `"use client";
import { useEffect } from "react";
${RUN.replace("./", "../")}
export default function Page() {
  useEffect(() => void report(), []);
  return <p>training</p>;
}
`;
const nextRoute = (runtime) => `import { run } from "../../train.mjs";
export const runtime = "${runtime}";
export const dynamic = "force-dynamic";
export const GET = async () => Response.json(await run());
`;

export const PROJECTS = [
  {
    name: "esbuild",
    package: "esbuild",
    files: SCRIPT_ONLY,
    build: [["esbuild", "main.js", "--bundle", "--outdir=dist"]],
    pages: "dist",
    strict: NO_FILE,
  },
  {
    name: "Rollup",
    package: "rollup",
    files: SCRIPT_ONLY,
    // Rollup finds no packages at all without this plugin.
    build: [["rollup", "main.js", "--plugin", "node-resolve", "--dir", "dist"]],
    pages: "dist",
    strict: NO_FILE,
  },
  {
    name: "webpack",
    package: "webpack",
    files: SCRIPT_ONLY,
    build: [["webpack", "--mode", "production", "--entry", "./main.js", "--output-path", "dist"]],
    pages: "dist",
    strict: FILE,
  },
  {
    name: "Vite build",
    package: "vite",
    files: { "main.js": MAIN, "index.html": page("/main.js") },
    build: [["vite", "build"]],
    pages: "dist",
    strict: FILE,
  },
  {
    name: "Vite dev",
    package: "vite",
    files: { "main.js": MAIN, "index.html": page("/main.js") },
    build: [],
    server: (port) => ["vite", "--host", "127.0.0.1", "--port", port, "--strictPort"],
    strict: FILE,
  },
  {
    name: "Vite starter",
    package: "vite",
    files: {
      "src/main.ts": EXAMPLE,
      "index.html": page("/src/main.ts").replace("<script", `${PRINTED}<script`),
      "tsconfig.json": JSON.stringify(STARTER_CONFIG),
    },
    build: [["tsc"], ["vite", "build"]],
    pages: "dist",
    where: "the README's example",
  },
  {
    name: "Parcel",
    package: "parcel",
    files: { "main.js": MAIN, "index.html": page("./main.js") },
    build: [["parcel", "build", "index.html", "--no-cache", "--public-url", "."]],
    pages: "dist",
  },
  {
    name: "Next.js",
    package: "next",
    files: {
      "app/layout.js": NEXT_LAYOUT,
      "app/page.js": NEXT_PAGE,
      "app/node/route.js": nextRoute("nodejs"),
      "app/edge/route.js": nextRoute("edge"),
    },
    build: [["next", "build"]],
    server: (port) => ["next", "start", "--hostname", "127.0.0.1", "--port", port],
    routes: { node: {}, edge: { none: "none", reason: /^threads need Workers/ } },
  },
];
