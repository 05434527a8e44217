// `npm run page`: builds the page, serves it and says where.

import { parseArgs } from "node:util";
import { buildPage, sizeOf } from "./build.js";
import { ISOLATION, servePage } from "./serve.js";

const HELP = `Builds a page that trains a classifier of handwritten digits and learns yours, and serves it.

  npm run page -- [options]

  --build         only build: a folder that any host serves, with and without isolation headers
  --folder PATH   where to build (out/page)
  --port N        where to serve; 0 is any free port (8080)
  --help          this text
`;

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      build: { type: "boolean", default: false },
      folder: { type: "string", default: "out/page" },
      port: { type: "string", default: "8080" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (options.help) return void process.stdout.write(HELP);
  const files = await buildPage(options.folder);
  const { bytes, compressed } = sizeOf(options.folder, files);
  const kilobytes = (count: number) => `${(count / 1000).toFixed(1)} kB`;
  console.log(`${options.folder}: ${kilobytes(bytes)} beside the images, ${kilobytes(compressed)} compressed`);
  if (options.build) return;
  const { url } = await servePage(options.folder, ISOLATION, Number(options.port));
  console.log(`Open ${url} (Ctrl-C ends it)`);
}

try {
  await main();
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== "EADDRINUSE" && !code?.startsWith("ERR_PARSE_ARGS")) throw error;
  console.error(code === "EADDRINUSE" ? "The port is in use: choose another with --port N." : `${message}\n\n${HELP}`);
  process.exitCode = 2;
}
