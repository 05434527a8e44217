// The other end of node-process.ts: a contender that answers lines.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Clock, useClock } from "../support/clock.js";
import { javascript } from "./javascript.js";
import { jax } from "./jax.js";
import type { Role } from "./node-process.js";
import { contender } from "./ours.js";
import { tfjs } from "./tfjs.js";
import type { Contender, Prepared, Workload } from "./workload.js";

const role: Role = JSON.parse(process.argv[2]);

function create({ who, kernel, foreach, threads }: Role): Contender | Promise<Contender> {
  if (who === "JavaScript") return javascript;
  if (who === "tfjs wasm") return tfjs();
  if (who === "jax-js") return jax();
  const options = kernel ? { module: load(kernel.file), rounding: kernel.rounding } : {};
  return contender(who, options, { foreach, threads });
}

function load(file: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL(`../../dist/${file}`, import.meta.url)));
}

function toWorkload([dtype, ...words]: string[]): Workload {
  const [lr, momentum, dampening, weightDecay, nesterov, ...sizes] = words.map(Number);
  return { dtype: dtype as Workload["dtype"], lr, momentum, dampening, weightDecay, nesterov: nesterov === 1, sizes };
}

let self: Contender | undefined;
let prepared: Prepared | null = null;

async function answer(command: string, words: string[]): Promise<string> {
  self ??= await create(role);
  if (command === "version") return self.version;
  if (command === "prepare") {
    prepared = await self.prepare(toWorkload(words));
    return prepared ? "done" : "none";
  }
  if (command === "run") return String(await prepared?.run(Number(words[0])));
  if (command === "sample") return ((await prepared?.sample()) ?? []).join(" ");
  await prepared?.dispose();
  return "done";
}

useClock(role.clock ?? ((process.env.SGD_WASM_BENCH_CLOCK ?? "wall") as Clock));
// Libraries that have something to say must not say it among the answers.
console.log = console.error;
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.split(" ");
  const text = await answer(command, words).catch((error: Error) => `error ${error.message.split("\n")[0]}`);
  process.stdout.write(`${text}\n`);
}
process.exit();
