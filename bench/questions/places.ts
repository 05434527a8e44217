// How many places of a large span should be walked by turns, how many bytes at each, and from which size on? The kernel, compiled
// with other numbers, on the same arrays.

import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import { ARRAY_TYPE, type DType, ELEMENT_BYTES } from "../../src/common/dtype.js";
import { DECAY, MOMENTUM as WITH_MOMENTUM } from "../../src/kernel/flags.js";
import { instantiate, type StepScalars, type TypedKernel } from "../../src/kernel/kernel.js";
import { MOMENTUM } from "../contenders/workload.js";
import { now } from "../support/clock.js";
import type { Measurement } from "../support/measurement.js";
import { count, digits, type Table, times } from "../support/table.js";
import { type Runner, ratio, timeInTurns } from "../support/timing.js";
import type { Answer, Settings } from "./question.js";
import { isSupported } from "./roundings.js";

const SIZES = [262_144, 1_048_576, 4_194_304, 10_000_000, 16_777_216];
const QUICK_SIZES = [1_048_576];
const LARGEST = 16_777_216 * 4;
const ARRAYS = 3;
const ONE_BFLOAT16 = 0x3f80;

interface Walk {
  places: number;
  block: number;
}

/** The others are compared with the first. */
const WALKS: Walk[] = [
  { places: 1, block: 512 },
  { places: 2, block: 512 },
  { places: 4, block: 256 },
  { places: 4, block: 512 },
  { places: 4, block: 1024 },
  { places: 8, block: 512 },
];
/** Bytes of a span from which on there are several places here: less than in the kernel, to see where they begin to gain. */
const FROM = 65_536;

const SCALARS: StepScalars = {
  negativeLr: -MOMENTUM.lr,
  weightDecay: MOMENTUM.weightDecay,
  momentum: MOMENTUM.momentum,
  undamped: 1,
  factor: 1,
  clip: 1,
};

const STEPS: [name: string, dtype: DType, flags: number][] = [
  ["plain", "float32", 0],
  ["momentum with decay", "float32", WITH_MOMENTUM | DECAY],
  ["momentum with decay, float64", "float64", WITH_MOMENTUM | DECAY],
  ["momentum with decay, bfloat16", "bfloat16", WITH_MOMENTUM | DECAY],
];

export async function places({ effort, quick }: Settings): Promise<Answer> {
  const target = isSupported("kernel-hardware.wasm") ? "hardware" : "emulated";
  const memory = new WebAssembly.Memory({ initial: (ARRAYS * LARGEST) / 65_536 + 1 });
  const kernels = [];
  for (const walk of WALKS) kernels.push(instantiate(await compile(walk, target), memory));
  const measurements: Measurement[] = [];
  for (const [name, dtype, flags] of STEPS) {
    for (const size of quick ? QUICK_SIZES : SIZES) {
      const bytes = size * ELEMENT_BYTES[dtype];
      if (bytes > LARGEST) continue;
      const [p, g, b] = Array.from({ length: ARRAYS }, (_, i) => 64 + i * bytes);
      new ARRAY_TYPE[dtype](memory.buffer).fill(dtype === "bfloat16" ? ONE_BFLOAT16 : 1);
      const runners = kernels.map((kernel) => ({ run: timed(kernel[dtype], flags, p, g, b, size) }));
      const timings = await timeInTurns(runners, effort);
      for (const [i, timing] of timings.entries()) {
        const what = `${name}, ${count(size)}`;
        measurements.push({ question: "places", what, who: nameOf(WALKS[i]), elements: size, bytes: 0, timing });
      }
    }
  }
  return { measurements, tables: [table(measurements)] };
}

function timed({ sgd }: TypedKernel, flags: number, p: number, g: number, b: number, n: number): Runner["run"] {
  return (repetitions) => {
    const start = now();
    for (let i = 0; i < repetitions; i++) sgd(flags, p, g, b, n, SCALARS);
    return now() - start;
  };
}

async function compile({ places, block }: Walk, target: string): Promise<WebAssembly.Module> {
  let module: WebAssembly.Module | undefined;
  const { error, stderr } = await asc.main(["assembly/index.ts", "--target", target, "--outFile", "kernel.wasm"], {
    readFile: (path, folder) => source(`${folder}/${path}`, places, block),
    writeFile: (_, contents) => {
      module = new WebAssembly.Module(contents as Uint8Array<ArrayBuffer>);
    },
    listFiles: () => [],
  });
  if (error || !module) throw new Error(stderr.toString());
  return module;
}

/** A source file of the kernel, with other numbers in the place of its own. */
function source(path: string, places: number, block: number): string | null {
  try {
    return (
      readFileSync(path, "utf8")
        .replace(/(const PLACES: usize = )\d+/, `$1${places}`)
        .replace(/(const BLOCK: usize = )\d+/, `$1${block}`)
        // One place is one walk without blocks.
        .replace(/(const LARGE: usize = )\d+/, `$1${places === 1 ? 2 ** 32 - 1 : FROM}`)
    );
  } catch {
    return null;
  }
}

function nameOf({ places, block }: Walk): string {
  return places === 1 ? "one place" : `${places} × ${block}`;
}

/** A row for every step and size: the time of one place, and how many times as fast the others are. */
function table(measurements: readonly Measurement[]): Table {
  const rows: string[][] = [];
  for (let i = 0; i < measurements.length; i += WALKS.length) {
    const [one, ...others] = measurements.slice(i, i + WALKS.length);
    rows.push([
      one.what,
      digits(one.timing.median / one.elements),
      ...others.map(({ timing }) => times(ratio(one.timing, timing))),
    ]);
  }
  return {
    title: "Places that a span is walked at by turns × bytes at each: how many times as fast as one walk",
    head: ["", "one place, ns per element", ...WALKS.slice(1).map(nameOf)],
    rows,
  };
}
