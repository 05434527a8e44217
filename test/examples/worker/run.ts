// Asks the Worker of examples/worker what a user cannot see, and prints the answers as JSON.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle, type Miniflare, serve } from "../../../examples/worker/serve.js";

const ROUNDS = 200;
const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const storage = mkdtempSync(join(tmpdir(), "sgd-wasm-worker-"));
const input = Array.from({ length: 64 }, (_, i) => i / 64);

try {
  const worker = await serve(await bundle(program("probe.ts")), storage);
  const first = await learn(worker, "u0");
  const memory = [await memoryOf(worker)];
  for (let round = 0; round < ROUNDS; round++) await learn(worker, `u${round % 10}`);
  const together = await Promise.all(Array.from({ length: 10 }, (_, user) => learn(worker, `u${user}`)));
  memory.push(await memoryOf(worker));
  const refused = await Promise.all([
    ask(worker, "u0/learn", "POST", []),
    ask(worker, "u0/learn", "POST", [{ input, label: 10 }]),
    ask(worker, "u0/predict", "POST", [...input, 1]),
    ask(worker, "u0/predict", "POST", input.map(String)),
    ask(worker, "nobody/model.pt", "GET"),
    ask(worker, "u0/forget", "GET"),
  ]);
  const huge = [{ input: input.map((x) => x * 1e300), label: 3 }];
  await ask(worker, "u0/learn", "POST", huge);
  const extreme = JSON.parse((await ask(worker, "u0/predict", "POST", input)).text);
  await worker.dispose();

  const plain = await serve(await bundle(program("handler.ts"), []), storage);
  const withoutCondition = (await ask(plain, "", "GET")).text;
  await plain.dispose();
  console.log(JSON.stringify({ first, together, memory, refused, extreme, withoutCondition }));
} finally {
  rmSync(storage, { recursive: true });
}

async function ask(worker: Miniflare, path: string, method: string, body?: unknown) {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const response = await worker.dispatchFetch(`http://localhost/${path}`, init);
  return { status: response.status, text: await response.text() };
}

async function learn(worker: Miniflare, user: string): Promise<{ loss: number; steps: number }> {
  const examples = [{ input, label: 7 }];
  return JSON.parse((await ask(worker, `${user}/learn`, "POST", examples)).text);
}

async function memoryOf(worker: Miniflare): Promise<unknown> {
  return JSON.parse((await ask(worker, "memory", "GET")).text);
}
