// The other half of torch_checkpoint.py, which calls it with the folder of files.

import { deepStrictEqual } from "node:assert";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AnyTensorData,
  decodeTorch,
  decodeTorchFrom,
  encodeTorch,
  encodeTorchStream,
} from "../../src/checkpoint/index.js";
import { createEngine, type Parameter, SGD } from "../../src/index.js";
import { toHex } from "../support/bits.js";

const folder = process.argv[2];

for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
  const stem = join(folder, name.slice(0, -".json".length));
  const file = readFileSync(`${stem}.pt`);
  const value = decodeTorch(file);
  assertSame(describe(value), normal(JSON.parse(readFileSync(`${stem}.json`, "utf8"))), name);
  assertSame(describe(await decodeTorchFrom(new Blob([file]))), describe(value), name);
  const encoded = encodeTorch(value);
  const streamed = await new Response(encodeTorchStream(value)).arrayBuffer();
  deepStrictEqual(Buffer.from(streamed), Buffer.from(encoded), name);
  writeFileSync(`${stem}.back.pt`, encoded);
  if (name.startsWith("sgd")) writeFileSync(`${stem}.stepped.pt`, encodeTorch(stepped(value)));
}

/** Compares as text, which shows where two large descriptions differ. */
function assertSame(actual: unknown, expected: unknown, name: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  if (a !== b) throw new Error(`${name}: read ${a.slice(at - 100, at + 100)}\nexpected ${b.slice(at - 100, at + 100)}`);
}

/** One step with our optimizer, from a checkpoint of PyTorch's. */
function stepped(checkpoint: { params: AnyTensorData[]; grads: AnyTensorData[]; optimizer: never }) {
  const engine = createEngine();
  const params = checkpoint.params.map(({ shape, dtype, data }) => {
    return engine.parameter(shape, { dtype: dtype as "float32", data: data as Float32Array });
  });
  const optimizer = new SGD([{ params: params.slice(0, 2) }, { params: params.slice(2) }], { lr: 123 });
  optimizer.loadStateDict(checkpoint.optimizer);
  for (const [i, { data }] of checkpoint.grads.entries()) params[i].grad = data as Float32Array;
  optimizer.step();
  // The live views of linear memory go into the file as they are.
  const tensorOf = ({ dtype, shape, data }: Parameter) => ({ dtype, shape: [...shape], data });
  return { params: params.map(tensorOf), optimizer: optimizer.stateDict() };
}

/** As torch_checkpoint.py describes values, without what JavaScript does not keep. */
function describe(value: unknown): unknown {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "bigint" || typeof value === "number") return describeNumber(value);
  if (typeof value === "string") return ["string", value];
  if (Array.isArray(value)) return ["list", value.map(describe)];
  if (value instanceof Uint8Array) return ["bytes", toHex(value)];
  if (value instanceof Set) return ["set", [...value].map((item) => JSON.stringify(describe(item))).sort()];
  if (value instanceof Map) return ["dict", [...value].map(([key, item]) => [describe(key), describe(item)])];
  const { dtype, shape, data } = value as AnyTensorData;
  if (dtype !== undefined) return ["tensor", dtype, shape, toHex(data)];
  const { re, im } = value as Record<string, number>;
  if (re !== undefined) return ["complex", ...[re, im].map((part) => hexOf(part))];
  return ["dict", Object.entries(value as object).map(([key, item]) => [["string", key], describe(item)])];
}

function describeNumber(value: number | bigint): unknown {
  if (typeof value === "bigint" || (Number.isInteger(value) && Math.abs(value) <= 2 ** 53 && !Object.is(value, -0)))
    return ["integer", String(value)];
  return ["float", hexOf(value)];
}

/** Big-endian, as Python's struct writes it. */
function hexOf(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString("hex");
}

/** A description of Python's, without what JavaScript does not keep: which integers were floats, integer keys of a state. */
function normal(node: unknown, isState = false): unknown {
  if (!Array.isArray(node)) return node;
  const [kind, content] = node;
  if (kind === "list") return ["list", content.map((item: unknown) => normal(item))];
  if (kind === "string") return ["string", Buffer.from(content, "hex").toString("utf16le")];
  if (kind === "float") return describeNumber(Buffer.from(content, "hex").readDoubleBE());
  if (kind === "set") return ["set", content.map((item: string) => JSON.stringify(normal(JSON.parse(item)))).sort()];
  if (kind !== "dict") return node;
  const names = content.map(([key]: unknown[]) => (normal(key) as unknown[])?.[1]);
  const pairs = content.map(([key, item]: [unknown[], unknown], i: number) => {
    const isOptimizers = names[i] === "state" && names.includes("param_groups");
    return [isState ? ["string", key[1]] : normal(key), normal(item, isOptimizers)];
  });
  return ["dict", pairs];
}
