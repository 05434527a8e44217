// What the numbers were measured on.

import { cpus, loadavg, totalmem, type } from "node:os";
import { createEngine } from "sgd-wasm";

export function describeMachine(): string[] {
  const engine = createEngine();
  const { fma } = engine.info;
  engine.dispose();
  const [cpu] = cpus();
  return [
    `processor: ${cpu?.model.trim() ?? "unknown"}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `system: ${type()} ${process.arch}, load at the start ${loadavg()[0].toFixed(1)}`,
    `runtime: Node ${process.versions.node}, V8 ${process.versions.v8}, multiply-add: ${fma}`,
  ];
}
