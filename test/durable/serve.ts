// A parameter server in a process of its own, which tests kill: `serve.ts FOLDER WORKER` keeps what it stores in FOLDER, and writes where it
// listens.

import { startServer } from "./server.js";

const [persist, worker] = process.argv.slice(2);
const server = await startServer({ persist, worker });
console.log(`listening at ${await server.ready}`);
process.on("SIGTERM", () => server.dispose().then(() => process.exit()));
