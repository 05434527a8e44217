// C, compiled for the benchmark: with the widest vectors of the processor, and with 128-bit ones as WebAssembly has them.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LineProcess } from "./process.js";
import type { Contender } from "./workload.js";

export const HOW_TO_GET = "C: apt-get install gcc; the processor must have FMA";

const FLAGS = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-funroll-loops"];
const NARROW = ["-mavx", "-mfma", "-mprefer-vector-width=128"];
const WIDE = ["-march=native", "-mprefer-vector-width=512"];

/** @throws Error without gcc, or without FMA */
export function nativeKernels(): Contender[] {
  const cpu = processorFlags();
  if (!cpu.has("fma")) throw new Error("the processor has no FMA");
  const kernels = [compile("C 128-bit", NARROW)];
  if (cpu.has("avx512f")) {
    kernels.unshift(compile("C AVX-512", WIDE), compile("C AVX-512, 4 places", [...WIDE, "-DPLACES=4"]));
  }
  return kernels;
}

function compile(name: string, options: readonly string[]): Contender {
  const source = fileURLToPath(new URL("native.c", import.meta.url));
  const folder = join(tmpdir(), `sgd-wasm-bench-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const binary = join(folder, name.replace(/\W+/g, "-"));
  execFileSync("gcc", [...FLAGS, ...options, "-o", binary, source, "-lm"], { stdio: ["ignore", "ignore", "pipe"] });
  const version = execFileSync("gcc", ["-dumpfullversion"], { encoding: "utf8" }).trim();
  const child = new LineProcess(binary, []);
  return {
    name,
    version: `gcc ${version} ${[FLAGS[0], ...options].join(" ")}`,
    exact: true,
    prepare: (workload) => child.prepare(workload),
    close: () => child.close(),
  };
}

function processorFlags(): Set<string> {
  if (!existsSync("/proc/cpuinfo")) return new Set();
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"));
  return new Set(flags?.[1].trim().split(/\s+/));
}
