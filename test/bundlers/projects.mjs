// A small project for each bundler, as a newcomer would begin it: no configuration. A project has the `files` it
// consists of, the commands that `build` it, and either the folder of `pages` or a `server` to start. `app` is the
// source of a program that calls `report(bits)` with the parameters that its training ends with.

const page = (script) => `<!doctype html><title>app</title><script type="module" src="${script}"></script>`;

const bundled = { "index.html": page("./main.js") };

/** The layout of every page of a Next.js application. */
const NEXT_LAYOUT = `export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}
`;
const NEXT_PAGE = (app) => `"use client";
import { useEffect } from "react";
${app}
export default function Page() {
  useEffect(() => report(train()), []);
  return <p>training</p>;
}
`;
const NEXT_ROUTE = (app, runtime) => `${app}
export const runtime = "${runtime}";
export const dynamic = "force-dynamic";
export const GET = () => new Response(train());
`;

export const projects = (app) => {
  const main = `${app}\nreport(train());\n`;
  return [
    {
      name: "esbuild",
      files: { "main.js": main, "dist/index.html": bundled["index.html"] },
      build: [["esbuild", "main.js", "--bundle", "--outdir=dist"]],
      pages: "dist",
    },
    {
      name: "Rollup",
      files: { "main.js": main, "dist/index.html": bundled["index.html"] },
      // Rollup finds no packages at all without this plugin.
      build: [["rollup", "main.js", "--plugin", "node-resolve", "--dir", "dist"]],
      pages: "dist",
    },
    {
      name: "webpack",
      files: { "main.js": main, "dist/index.html": bundled["index.html"] },
      build: [["webpack", "--mode", "production", "--entry", "./main.js", "--output-path", "dist"]],
      pages: "dist",
    },
    {
      name: "Vite build",
      files: { "main.js": main, "index.html": page("/main.js") },
      build: [["vite", "build"]],
      pages: "dist",
    },
    {
      name: "Vite dev",
      files: { "main.js": main, "index.html": page("/main.js") },
      build: [],
      server: (port) => ["vite", "--host", "127.0.0.1", "--port", port, "--strictPort"],
    },
    {
      name: "Parcel",
      files: { "main.js": main, "index.html": page("./main.js") },
      build: [["parcel", "build", "index.html", "--no-cache", "--public-url", "."]],
      pages: "dist",
    },
    {
      name: "Next.js",
      files: {
        "app/layout.js": NEXT_LAYOUT,
        "app/page.js": NEXT_PAGE(app),
        "app/node/route.js": NEXT_ROUTE(app, "nodejs"),
        "app/edge/route.js": NEXT_ROUTE(app, "edge"),
      },
      build: [["next", "build"]],
      server: (port) => ["next", "start", "--hostname", "127.0.0.1", "--port", port],
      routes: ["node", "edge"],
    },
  ];
};
