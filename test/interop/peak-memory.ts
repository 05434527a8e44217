// Memory at its highest while checkpoints are written and read.
//
//   npm run build && npx tsx test/interop/peak-memory.ts [--gigabytes 1] [--stream-gigabytes 2]
//
// Every measurement runs in a process of its own, so that none sees another's. "beyond" is what the process took at its peak
// beyond what it had with the input in memory. The last line is `N passed, N failed`.

import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  decodeTorchFrom,
  encodeSafetensors,
  encodeTorch,
  encodeTorchStream,
  type StateDict,
  type TensorData,
} from "sgd-wasm/checkpoint";

const GIGABYTE = 1e9;
const TENSORS = 10;

const { values: options } = parseArgs({
  options: {
    gigabytes: { type: "string", default: "1" },
    "stream-gigabytes": { type: "string", default: "2" },
    measure: { type: "string" },
    folder: { type: "string" },
  },
});

interface Measured {
  inputBytes: number;
  /** resident, with the input in memory */
  before: number;
  peak: number;
  seconds: number;
}

/** What is measured: how much, and how many bytes it may take beyond its input, per byte of it and constant. */
const MEASUREMENTS: Record<
  string,
  { run: (bytes: number) => Promise<() => unknown>; streams?: boolean; most: number }
> = {
  encodeTorch: { run: async (bytes) => encoding(bytes, encodeTorch), most: 1.2 },
  encodeSafetensors: {
    run: async (bytes) => encoding(bytes, ({ state }) => encodeSafetensors(tensorsOf(state))),
    most: 1.2,
  },
  encodeTorchStream: { run: writeStream, streams: true, most: 0.1 },
  // What is read stays: one copy of the content, and nothing beside it.
  decodeTorchFrom: { run: readStream, streams: true, most: 1.1 },
};

if (options.measure !== undefined) console.log(JSON.stringify(await measure(options.measure)));
else process.exitCode = main();

function main(): number {
  const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-peak-"));
  let failed = 0;
  try {
    for (const [name, { most, streams }] of Object.entries(MEASUREMENTS)) {
      const { inputBytes, before, peak, seconds } = inProcess(name, folder);
      const beyond = peak - before;
      const total = `peak ${gigabytes(peak)} in all, ${gigabytes(before)} with the input`;
      const isGood = beyond <= most * inputBytes;
      console.log(
        `${isGood ? "passed" : "FAILED"} ${name.padEnd(18)}${gigabytes(inputBytes)} ${streams ? "by streaming" : "at once"}: ` +
          `${gigabytes(beyond)} beyond the input (at most ${gigabytes(most * inputBytes)}); ${total}; ${seconds.toFixed(1)} s`,
      );
      if (!isGood) failed++;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log(`${Object.keys(MEASUREMENTS).length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

function inProcess(name: string, folder: string): Measured {
  const own = [...process.execArgv, process.argv[1], "--measure", name, "--folder", folder];
  const sizes = ["--gigabytes", options.gigabytes, "--stream-gigabytes", options["stream-gigabytes"]];
  const { status, stdout } = spawnSync(process.execPath, [...own, ...sizes], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${name} ended with ${status}`);
  return JSON.parse(stdout);
}

async function measure(name: string): Promise<Measured> {
  const { run, streams } = MEASUREMENTS[name];
  const inputBytes = Number(streams ? options["stream-gigabytes"] : options.gigabytes) * GIGABYTE;
  const prepared = await run(inputBytes);
  const before = process.memoryUsage.rss();
  const start = performance.now();
  await prepared();
  const seconds = (performance.now() - start) / 1000;
  return { inputBytes, before, peak: process.resourceUsage().maxRSS * 1024, seconds };
}

/** Encodes a state dict, and keeps the file. */
function encoding(bytes: number, encode: (dict: StateDict) => Uint8Array): () => unknown {
  const dict = stateDictOf(bytes);
  return () => {
    const file = encode(dict);
    if (file.length < bytes) throw new Error(`a file of ${file.length} bytes`);
  };
}

async function writeStream(bytes: number): Promise<() => unknown> {
  const dict = stateDictOf(bytes);
  return async () => {
    const file = openSync(join(options.folder as string, "stream.pt"), "w");
    for await (const chunk of encodeTorchStream(dict) as unknown as AsyncIterable<Uint8Array>) writeSync(file, chunk);
    closeSync(file);
  };
}

/** Reads what `writeStream` wrote. */
async function readStream(bytes: number): Promise<() => unknown> {
  const path = join(options.folder as string, "stream.pt");
  const file = openSync(path, "r");
  const read = async (offset: number, length: number) => {
    const target = new Uint8Array(length);
    for (let at = 0; at < length; ) at += readSync(file, target, at, Math.min(length - at, 1 << 30), offset + at);
    return target;
  };
  return async () => {
    const { state } = (await decodeTorchFrom({ size: statSync(path).size, read })) as StateDict;
    const found = Object.values(tensorsOf(state)).reduce((sum, { data }) => sum + data.byteLength, 0);
    if (found !== bytes) throw new Error(`${found} bytes of tensors`);
    closeSync(file);
  };
}

function stateDictOf(bytes: number): StateDict {
  const size = bytes / TENSORS / 4;
  const state: StateDict["state"] = {};
  for (let i = 0; i < TENSORS; i++) {
    state[i] = { momentum_buffer: { dtype: "float32", shape: [size], data: new Float32Array(size).fill(i + 0.5) } };
  }
  const group = { lr: 0.1, momentum: 0.9, dampening: 0, weight_decay: 0, nesterov: false, maximize: false };
  return {
    state,
    param_groups: [{ ...group, foreach: null, differentiable: false, params: [...Array(TENSORS).keys()] }],
  };
}

function tensorsOf(state: StateDict["state"]): Record<string, TensorData> {
  return Object.fromEntries(Object.entries(state).map(([id, entry]) => [id, entry.momentum_buffer as TensorData]));
}

function gigabytes(bytes: number): string {
  return `${(bytes / GIGABYTE).toFixed(2)} GB`;
}
