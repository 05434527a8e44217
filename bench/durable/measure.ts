// Steps of a parameter server on this machine, measured.

import { readdirSync, readFileSync } from "node:fs";
import { createEngine, type Parameter } from "sgd-wasm";
import { issueToken, ParameterClient } from "sgd-wasm/durable";
import { type Miniflare, startLocal } from "../../examples/federated/local/miniflare.js";

const SECRET = "a secret of the benchmark";
/** Processor time is counted in hundredths of a second: small runs take more steps. */
const stepsFor = (elements: number) => Math.max(5, Math.min(40, Math.ceil(4_000_000 / elements)));

export interface Measured {
  elements: number;
  /** shortest times in milliseconds, of one worker */
  push: number;
  pull: number;
  /** from the last push to the step being taken */
  step: number;
  /** mean processor time of workerd for the pushes of all workers, a step and a pull, in nanoseconds a parameter */
  cpu: number;
  /** rows written a step */
  rows: { shard: number; coordinator: number };
}

/** @param persist a folder for what the objects store */
export async function measure(elements: number, workers: number, persist: string): Promise<Measured> {
  const worker = new URL("worker.ts", import.meta.url).pathname;
  const server = await startLocal({ worker, secret: SECRET, persist });
  try {
    const clients = await Promise.all(Array.from({ length: workers }, (_, i) => clientOf(server, `worker ${i}`)));
    const params = parametersOf(elements);
    await clients[0].create(params, { lr: 0.1, momentum: 0.9, workers, maxGradNorm: 1 });
    for (const client of clients) await client.join();
    const best = { push: Infinity, pull: Infinity, step: Infinity };
    await takeStep(clients, params, 0);
    const steps = stepsFor(elements);
    const before = { ...(await rowsOf(server)), cpu: processorTime() };
    for (let step = 1; step <= steps; step++) {
      const times = await takeStep(clients, params, step);
      for (const key of ["push", "pull", "step"] as const) best[key] = Math.min(best[key], times[key]);
    }
    const after = { ...(await rowsOf(server)), cpu: processorTime() };
    const perStep = (key: keyof typeof before) => (after[key] - before[key]) / steps;
    const rows = { shard: perStep("shard"), coordinator: perStep("coordinator") };
    return { elements, ...best, cpu: (perStep("cpu") * 1e6) / elements, rows };
  } finally {
    await server.dispose();
  }
}

async function takeStep(clients: ParameterClient[], params: Parameter[], step: number) {
  const start = performance.now();
  for (const client of clients) await client.push(params, { step });
  const pushed = performance.now();
  await clients[0].next(step);
  const taken = performance.now();
  await clients[0].pull(params, { step: step + 1 });
  const pulled = performance.now();
  return {
    push: (pushed - start) / clients.length,
    step: taken - pushed,
    pull: pulled - taken,
  };
}

async function clientOf(server: Miniflare, worker: string): Promise<ParameterClient> {
  const token = await issueToken(SECRET, {
    run: "bench",
    role: "admin",
    worker,
    expires: new Date(Date.now() + 3.6e6),
  });
  return new ParameterClient({ url: String(await server.ready), run: "bench", token });
}

function parametersOf(elements: number): Parameter[] {
  const parameter = createEngine().parameter(elements, { data: new Float32Array(elements).fill(1) });
  parameter.ensureGrad().fill(0.01);
  return [parameter];
}

async function rowsOf(server: Miniflare): Promise<{ shard: number; coordinator: number }> {
  return (await (await server.dispatchFetch("http://server/rows")).json()) as { shard: number; coordinator: number };
}

/** Processor time of the workerd processes that this process has started, in milliseconds. */
function processorTime(): number {
  let ticks = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const [, name, fields] = /\((.*)\) (.*)/.exec(statOf(pid)) ?? [];
    if (!name?.startsWith("workerd")) continue;
    const values = fields.split(" ");
    if (Number(values[1]) === process.pid) ticks += Number(values[11]) + Number(values[12]);
  }
  return ticks * 10;
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}
