// Safetensors against readers and writers that others wrote.
//
//   npm ci --prefix test/interop/readers
//   npx tsx test/interop/readers/main.ts [--python PATH] [--require] [--write]
//
// The reference implementation is the one beside PyTorch 2, unless PATH is another Python that has it; with --require it has
// to take part. What it writes is a fixture as well, which is compared, or with --write written. The last line is `N passed, N failed`.

import { deepStrictEqual, ok } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { decodeSafetensors, encodeSafetensors } from "../../../src/checkpoint/index.js";
import { accepted, refused } from "../../hostile/safetensors.js";
import { toHex } from "../../support/bits.js";
import { readByHub } from "./hub.js";
import { readByJax } from "./jax.js";
import { readByReference } from "./reference.js";
import { DTYPE_NAMES, samples, type Tensors } from "./samples.js";

const { values: options } = parseArgs({
  options: {
    python: { type: "string", default: join(import.meta.dirname, "../pytorch2.sh") },
    require: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

const FIXTURE = join(import.meta.dirname, "../../fixtures/data/safetensors/every-dtype.safetensors");

let passed = 0;
let failed = 0;

async function check(title: string, run: () => void | Promise<void>): Promise<void> {
  try {
    await run();
    passed++;
  } catch (error) {
    failed++;
    console.error(`FAILED ${title}\n${(error as Error).stack}`);
  }
}

const describe = (tensors: Tensors) => {
  const entries = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    return [name, [DTYPE_NAMES[dtype], shape, toHex(data)]] as const;
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
};

for (const [title, { tensors, metadata }] of Object.entries(samples)) {
  const file = encodeSafetensors(tensors, metadata);
  await check(`@huggingface/hub reads ${title}`, async () => {
    const found = await readByHub(file);
    deepStrictEqual(found.metadata, metadata);
    const expected = Object.entries(describe(tensors)).map(([name, [dtype, shape]]) => [name, [dtype, shape]]);
    deepStrictEqual(found.tensors, Object.fromEntries(expected));
  });
  await check(`jax-js reads ${title}`, () => {
    const known = Object.fromEntries(Object.entries(tensors).filter(([, { dtype }]) => readByJax.knows(dtype)));
    const found = readByJax(encodeSafetensors(known, metadata));
    deepStrictEqual(found.metadata, metadata);
    deepStrictEqual(found.tensors, describe(known));
  });
}

const files = Object.entries(samples).map(([, { tensors, metadata }]) => encodeSafetensors(tensors, metadata));
const reference = readByReference(options.python, [...files, ...[...refused, ...accepted].map(([, file]) => file)]);
if (reference === null) {
  console.log(`${options.python} cannot import safetensors: the reference implementation was not asked.`);
  if (options.require) failed++;
} else {
  for (const [i, [title, { tensors, metadata }]] of Object.entries(samples).entries()) {
    await check(`the reference implementation reads ${title}`, () => {
      deepStrictEqual(reference[i].found, describe(tensors));
    });
    await check(`the reference implementation writes ${title}: the same content, and ours to the last byte`, () => {
      const back = reference[i].back as Uint8Array;
      deepStrictEqual(describe(decodeSafetensors(back).tensors), describe(tensors));
      deepStrictEqual({ ...decodeSafetensors(back).metadata }, { ...metadata });
      // It keeps metadata in no particular order.
      if (Object.keys(metadata ?? {}).length < 2) deepStrictEqual(toHex(files[i]), toHex(back));
    });
  }
  await check("the fixture is what the reference implementation writes", () => {
    const back = reference[0].back as Uint8Array;
    if (options.write) writeFileSync(FIXTURE, back);
    deepStrictEqual(toHex(readFileSync(FIXTURE)), toHex(back));
  });
  for (const [i, [title, file]] of accepted.entries()) {
    await check(`the reference implementation reads ${title}, as we do`, () => {
      deepStrictEqual(reference[files.length + refused.length + i].found, describe(decodeSafetensors(file).tensors));
    });
  }
  for (const [i, [title]] of refused.entries()) {
    await check(`the reference implementation refuses ${title}, as we do`, () => {
      ok(reference[files.length + i].found === null);
    });
  }
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
