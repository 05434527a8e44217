// A parameter server in a process of its own: `serve.ts FOLDER SECRET` keeps what it stores in FOLDER, and writes where it listens.

import { fileURLToPath } from "node:url";
import { startLocal } from "./miniflare.js";

const [persist, secret] = process.argv.slice(2);
const worker = fileURLToPath(new URL("../worker.ts", import.meta.url));
const server = await startLocal({ worker, secret, persist });
console.log(`listening at ${await server.ready}`);
