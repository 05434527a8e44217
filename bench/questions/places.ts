// How many places of a large span should be walked by turns, and how many bytes at each? The kernel, compiled with other numbers.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import { inOwnProcess } from "../contenders/node-process.js";
import type { Contender } from "../contenders/workload.js";
import { MOMENTUM } from "../contenders/workload.js";
import { type Measurement, measure } from "../support/measurement.js";
import { comparisonTable } from "../support/report.js";
import { count } from "../support/table.js";
import type { Answer, Settings } from "./question.js";
import { isSupported } from "./roundings.js";

const SIZES = [65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];
const QUICK_SIZES = [1_048_576];

/** The first is what the kernel has. */
const WALKS = [
  { places: 4, block: 256 },
  { places: 1, block: 256 },
  { places: 2, block: 256 },
  { places: 8, block: 256 },
  { places: 4, block: 128 },
  { places: 4, block: 1024 },
  { places: 4, block: 4096 },
] as const;

export async function places({ effort, quick }: Settings): Promise<Answer> {
  const target = isSupported("kernel-hardware.wasm") ? "hardware" : "emulated";
  const walks: Contender[] = [];
  for (const walk of WALKS) walks.push(await contender(walk, target));
  const measurements: Measurement[] = [];
  for (const size of quick ? QUICK_SIZES : SIZES) {
    for (const momentum of [0, MOMENTUM.momentum]) {
      const workload = { ...MOMENTUM, sizes: [size], momentum, weightDecay: momentum === 0 ? 0 : MOMENTUM.weightDecay };
      const what = `${count(size)}, ${momentum === 0 ? "plain" : "momentum with decay"}`;
      measurements.push(...(await measure("places", what, workload, walks, effort)));
    }
  }
  for (const walk of walks) walk.close?.();
  return {
    measurements,
    tables: [comparisonTable("Places that a large span is walked at, and bytes at each", measurements)],
  };
}

async function contender({ places, block }: (typeof WALKS)[number], target: string): Promise<Contender> {
  const file = `../out/kernel-${target}-${places}-${block}.wasm`;
  mkdirSync("out", { recursive: true });
  const { error, stderr } = await asc.main(["assembly/index.ts", "--target", target, "--outFile", file.slice(3)], {
    readFile: (path, folder) => source(`${folder}/${path}`, places, block),
    writeFile: (path, contents) => writeFileSync(path, contents),
    listFiles: () => [],
  });
  if (error) throw new Error(stderr.toString());
  return inOwnProcess(`${places} × ${block}`, { who: "sgd-wasm", kernel: { file, rounding: "fused" } });
}

/** A source file, with other numbers in the place of those of assembly/sgd.ts. */
function source(path: string, places: number, block: number): string | null {
  try {
    return (
      readFileSync(path, "utf8")
        .replace(/(const PLACES: usize = )\d+/, `$1${places}`)
        .replace(/(const BLOCK: usize = )\d+/, `$1${block}`)
        // One place is one walk without blocks.
        .replace(/(const LARGE: usize = )\d+/, places === 1 ? "$1 4294967295" : "$&")
    );
  } catch {
    return null;
  }
}
