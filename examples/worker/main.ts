// Two users teach their models, the Worker is stopped and started again, PyTorch opens a model: `npm run example:worker`.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Batch, PIXELS } from "../digits/data.js";
import { loadDigits } from "../digits/load.js";
import { bundle, type Miniflare, serve } from "./serve.js";

const BATCHES = 60;
const BATCH_SIZE = 50;
const FILE = "out/ada.pt";

const digits = loadDigits("float32");
const storage = mkdtempSync(join(tmpdir(), "sgd-wasm-worker-"));
try {
  await main();
} finally {
  rmSync(storage, { recursive: true });
}

async function main(): Promise<void> {
  const modules = await bundle();
  const start = performance.now();
  let worker = await serve(modules, storage);
  const ready = performance.now();
  await worker.dispatchFetch("http://localhost/ada/model.pt");
  console.log(`cold start    workerd ready after ${ms(ready - start)}, first request ${ms(performance.now() - ready)}`);

  const times = await teach(worker, "ada", (label) => label);
  await teach(worker, "grace", (label) => 9 - label); // grace calls every digit by its complement
  console.log(
    `a step        ${ms(median(times))}: a request with ${BATCH_SIZE} digits, gradient, step and storage included`,
  );

  const before = await answers(worker, "ada");
  console.log(`ada           ${score(before, (label) => label)} of the digits that she has not shown`);
  console.log(`grace         ${score(await answers(worker, "grace"), (label) => 9 - label)}, in her way of counting`);

  await worker.dispose();
  worker = await serve(modules, storage);
  const after = await answers(worker, "ada");
  console.log(`restarted     ada's model answers ${after.join() === before.join() ? "as before" : "OTHERWISE"}`);

  const file = await worker.dispatchFetch("http://localhost/ada/model.pt");
  mkdirSync("out", { recursive: true });
  writeFileSync(FILE, new Uint8Array(await file.arrayBuffer()));
  await worker.dispose();
  console.log(`${FILE}    ${pytorch(FILE)}`);
}

/** Posts batches of digits; returns the milliseconds of each request. */
async function teach(worker: Miniflare, user: string, name: (label: number) => number): Promise<number[]> {
  const times: number[] = [];
  for (let step = 0; step < BATCHES; step++) {
    const { inputs, labels } = rows(digits.batch(step, BATCH_SIZE));
    const examples = inputs.map((input, i) => ({ input, label: name(labels[i]) }));
    const start = performance.now();
    await post(worker, `${user}/learn`, examples);
    times.push(performance.now() - start);
  }
  return times;
}

/** What the user's model calls each of the test digits. */
async function answers(worker: Miniflare, user: string): Promise<number[]> {
  const labels: number[] = [];
  for (const input of rows(digits.test).inputs) labels.push((await post(worker, `${user}/predict`, input)).label);
  return labels;
}

async function post(worker: Miniflare, path: string, body: unknown): Promise<{ label: number }> {
  const response = await worker.dispatchFetch(`http://localhost/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as { label: number };
}

function rows({ images, labels }: Batch): { inputs: number[][]; labels: number[] } {
  const row = (_: number, i: number) => Array.from(images.subarray(i * PIXELS, (i + 1) * PIXELS));
  return { inputs: Array.from(labels, row), labels: [...labels] };
}

function score(given: number[], name: (label: number) => number): string {
  const { labels } = digits.test;
  return `${given.filter((label, i) => label === name(labels[i])).length} of ${labels.length}`;
}

/** What PyTorch says of the file, where it is installed. */
function pytorch(file: string): string {
  const script = fileURLToPath(new URL("open.py", import.meta.url));
  const { status, stdout, stderr } = spawnSync("/usr/bin/python3", [script, file], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : `not opened by PyTorch: ${stderr.trim().split("\n").at(-1)}`;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}
