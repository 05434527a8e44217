// Three workers train the digits together, the server is killed in the middle and started again, and the parameters are those of one
// machine, bit for bit: `npm run example:federated`. They are processes; with `-- --page`, one of them is a page to be opened.

import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { issueToken, ParameterClient } from "sgd-wasm/durable";
import { loadDigits } from "../digits/load.js";
import { countCorrect, forward } from "../digits/network.js";
import { MortalServer } from "./local/mortal.js";
import { DTYPE, newNetwork, OPTIONS, RUN, STEPS, WORKERS } from "./model.js";
import { trainAlone } from "./one-machine.js";
import { PageServer } from "./page/server.js";
import { type Crash, type Point, picture } from "./picture.js";
import type { Progress } from "./training.js";

const SECRET = crypto.randomUUID();
const FILE = "out/federated.svg";
/** The server is dead for this long. */
const AWAY_MS = 1_500;

const { values: options } = parseArgs({ options: { page: { type: "boolean", default: false } } });
const processes = options.page ? WORKERS - 1 : WORKERS;

const server = new MortalServer(SECRET);
const page = options.page ? new PageServer({ upstream: () => server.url, onProgress: record }) : null;
const workers: ChildProcess[] = [];
const digits = loadDigits(DTYPE);
const start = performance.now();
const seconds = () => (performance.now() - start) / 1000;
const points: Point[] = [];
let reached = () => {};
const halfway = new Promise<void>((resolve) => {
  reached = resolve;
});

try {
  await main();
} finally {
  for (const worker of workers) worker.kill();
  page?.close();
  await server.dispose();
}

async function main(): Promise<void> {
  await server.start();
  const client = new ParameterClient({
    url: "http://server",
    run: RUN,
    token: await tokenFor("admin"),
    fetch: (path, init) => fetch(path.replace("http://server", server.url), init),
  });
  const { shards } = await client.create(newNetwork().parameters, OPTIONS);
  for (let i = 0; i < processes; i++) workers.push(await startWorker(`worker ${i}`));
  if (page) console.log(`Open ${await page.start()}#${await tokenFor("worker", "page")}`);
  const ended = Promise.all([...workers.map(endOf), page?.ended]);
  await Promise.race([halfway, ended]);
  const crash = await killAndRestart();
  await ended;

  const network = newNetwork();
  const step = await client.pull(network.parameters);
  const { images, labels } = digits.test;
  const correct = countCorrect(forward(network, images).logits, labels);
  console.log(
    `trained       ${step} steps by ${processes} processes${page ? " and a page" : ""}, ${shards.length} shards, in ${seconds().toFixed(1)} s`,
  );
  console.log(`killed        at step ${crash.step}, away for ${(crash.back - crash.killed).toFixed(1)} s`);
  console.log(`test digits   ${correct} of ${labels.length}`);
  const different = compare(network.parameters, trainAlone(digits).parameters);
  console.log(
    `one machine   ${different === 0 ? "the same parameters, bit for bit" : `${different} PARAMETERS DIFFER`}`,
  );
  mkdirSync("out", { recursive: true });
  writeFileSync(FILE, picture(points, crash));
  console.log(`picture       ${FILE}`);
  if (different > 0 || step !== STEPS) process.exitCode = 1;
}

function tokenFor(role: "worker" | "admin", worker?: string): Promise<string> {
  return issueToken(SECRET, { run: RUN, role, worker, expires: new Date(Date.now() + 3_600_000) });
}

async function startWorker(name: string): Promise<ChildProcess> {
  const program = fileURLToPath(new URL("client.ts", import.meta.url));
  const child = fork(program, [await tokenFor("worker", name), server.url], { execArgv: ["--import", "tsx"] });
  child.on("message", record);
  return child;
}

function record(progress: Progress): void {
  points.push({ ...progress, seconds: seconds() });
  if (progress.step >= STEPS / 2) reached();
}

async function endOf(child: ChildProcess): Promise<void> {
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`a worker ended with ${code}`);
}

/** SIGKILL, as a power cut would be; everything that was acknowledged is on disk. */
async function killAndRestart(): Promise<Crash> {
  const killed = seconds();
  const step = Math.max(...points.map((point) => point.step));
  await server.kill();
  await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
  await server.start();
  for (const worker of workers) if (worker.connected) worker.send(server.url);
  return { step, killed, back: seconds() };
}

/** How many elements differ. */
function compare(actual: readonly { data: ArrayLike<number> }[], expected: typeof actual): number {
  let different = 0;
  actual.forEach(({ data }, i) => {
    for (let k = 0; k < data.length; k++) if (!Object.is(data[k], expected[i].data[k])) different++;
  });
  return different;
}
