// The kernel's multiply-add against exact arithmetic, on as many hard operands as wanted:
//
//   npx tsx test/exhaustive/multiply-add.ts --count 10000000 --seed 1 [--build emulated] [--dtype float32]
//
// Without --build, every build that the runtime can run. Ends with an error when a single result differs.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { instantiate, type Kernel } from "../../src/kernel/kernel.js";
import { type DType, fusedMultiplyAdd, separateMultiplyAdd } from "../reference/exact.js";
import { hardOperands, KINDS } from "../reference/hard-operands.js";
import { mulberry32 } from "../support/random.js";

const FILES = { hardware: "kernel-hardware.wasm", emulated: "kernel.wasm", separate: "kernel-separate.wasm" } as const;
type Build = keyof typeof FILES;
const DTYPES = ["float32", "float64"] as const;

const { values: options } = parseArgs({
  options: {
    count: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    build: { type: "string" },
    dtype: { type: "string" },
  },
});

function load(build: Build): Kernel | null {
  const bytes = readFileSync(new URL(`../../dist/${FILES[build]}`, import.meta.url));
  if (!WebAssembly.validate(bytes)) return null;
  return instantiate(new WebAssembly.Module(bytes), new WebAssembly.Memory({ initial: 1 }));
}

/** Counts, per kind of operands: all, wrong, and those on which `shortcut` would be wrong. */
function check(kernel: Kernel, dtype: DType, count: number, seed: number) {
  const next = mulberry32(seed);
  const { multiplyAdd } = kernel[dtype];
  const reference = kernel.build === "separate" ? separateMultiplyAdd : fusedMultiplyAdd;
  const kinds = Object.keys(KINDS);
  const tally = kinds.map((kind) => ({ kind, operands: 0, mismatches: 0, hard: 0 }));
  const began = Date.now();
  for (let n = 0; n < count; n++) {
    const [x, k, z] = hardOperands(next, dtype, n);
    const entry = tally[n % kinds.length];
    const expected = reference(x, k, z, dtype);
    const actual = multiplyAdd(x, k, z);
    entry.operands++;
    if (!Object.is(shortcut(x, k, z, dtype), expected)) entry.hard++;
    if (!Object.is(actual, expected)) {
      entry.mismatches++;
      if (entry.mismatches <= 5)
        console.log(`  ${entry.kind}: ${x} * ${k} + ${z} gives ${actual}, expected ${expected}`);
    }
    if ((n + 1) % 1_000_000 === 0) console.log(`  ${n + 1} of ${count} after ${(Date.now() - began) / 1000} s`);
  }
  return tally;
}

/** Rounding after a sum in float64, which is what is left of the emulation without its care for hard operands. */
function shortcut(x: number, k: number, z: number, dtype: DType): number {
  return dtype === "float32" ? Math.fround(x * k + z) : x * k + z;
}

let mismatches = 0;
for (const build of Object.keys(FILES) as Build[]) {
  if (options.build !== undefined && options.build !== build) continue;
  const kernel = load(build);
  if (kernel === null) console.log(`${build}: this runtime does not accept its instructions`);
  for (const dtype of DTYPES) {
    if (kernel === null || (options.dtype !== undefined && options.dtype !== dtype)) continue;
    console.log(`${build} ${dtype}, seed ${options.seed}, Node ${process.versions.node}`);
    const tally = check(kernel, dtype, Number(options.count), Number(options.seed));
    console.table(tally);
    const wrong = tally.reduce((sum, entry) => sum + entry.mismatches, 0);
    console.log(`${build} ${dtype}: ${wrong} mismatches in ${options.count} operands\n`);
    mismatches += wrong;
  }
}
process.exitCode = mismatches > 0 ? 1 : 0;
