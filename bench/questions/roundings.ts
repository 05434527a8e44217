// What does it cost to emulate the multiply-add, or to round twice? By the kernels that the package ships.

import { readFileSync } from "node:fs";
import { inOwnProcess } from "../contenders/node-process.js";
import type { Contender } from "../contenders/workload.js";
import { MOMENTUM } from "../contenders/workload.js";
import { type Measurement, measure } from "../support/measurement.js";
import { comparisonTable } from "../support/report.js";
import { count } from "../support/table.js";
import type { Answer, Settings } from "./question.js";

const SIZES = [1_024, 1_048_576, 16_777_216];
const QUICK_SIZES = [65_536];

const BUILDS = [
  { name: "hardware", file: "kernel-hardware.wasm", rounding: "fused" },
  { name: "emulated", file: "kernel.wasm", rounding: "fused" },
  { name: "separate", file: "kernel-separate.wasm", rounding: "separate" },
] as const;

export async function roundings({ effort, quick }: Settings): Promise<Answer> {
  const builds = await Promise.all(BUILDS.filter(({ file }) => isSupported(file)).map(toContender));
  const measurements: Measurement[] = [];
  for (const dtype of ["float32", "float64"] as const) {
    for (const size of quick ? QUICK_SIZES : SIZES) {
      for (const weightDecay of [0, MOMENTUM.weightDecay]) {
        if (dtype === "float64" && size > 2 ** 23) continue;
        const workload = { ...MOMENTUM, dtype, sizes: [size], weightDecay };
        const what = `${dtype} ${count(size)}, ${weightDecay === 0 ? "momentum" : "with weight decay"}`;
        measurements.push(...(await measure("roundings", what, workload, builds, effort)));
      }
    }
  }
  const title = `Kernel builds: times relative to the ${builds[0].name} one`;
  return { measurements, tables: [comparisonTable(title, measurements)] };
}

type Build = (typeof BUILDS)[number];

/** Whether the runtime has the instructions of a kernel's file. */
export function isSupported(file: string): boolean {
  return WebAssembly.validate(readFileSync(new URL(`../../dist/${file}`, import.meta.url)));
}

function toContender({ name, file, rounding }: Build): Promise<Contender> {
  return inOwnProcess(name, { who: "sgd-wasm", kernel: { file, rounding } });
}
