// The pure parts: layout, norm, schedules, tokens; and what a shard takes of memory.

import * as fc from "fast-check";
import { type Grant, issueToken } from "sgd-wasm/durable";
import * as assert from "uvu/assert";
import { groupsAt, isSameRun, type RunConfig } from "../../src/durable/config.js";
import { describeRun } from "../../src/durable/describe.js";
import { tokens } from "../../src/durable/grant.js";
import { createHandler } from "../../src/durable/handler.js";
import { fromJson, toJson } from "../../src/durable/json.js";
import { layoutOf, sumsOfTensors } from "../../src/durable/layout.js";
import { Resident } from "../../src/durable/resident.js";
import { clipCoefficient, normOfSums } from "../../src/gradient/norm.js";
import { clipGradNorm, createEngine } from "../../src/index.js";
import { suite } from "../harness/suite.js";
import { mulberry32, values } from "../support/random.js";

const test = suite("units");
const BLOCK = 65_536;
const BYTES = { float32: 4, float64: 8 };

type Tensor = { shape: number[]; dtype: "float32" | "float64"; group: number };

function configOf(tensors: Tensor[], elementsPerShard = 2_097_152): RunConfig {
  const ordered = [...tensors].sort((a, b) => a.group - b.group);
  const groups = [0, 1, 2].map((group) => ({
    params: ordered.flatMap((tensor, i) => (tensor.group === group ? [i] : [])),
  }));
  return { parameters: ordered.map((tensor) => ({ name: null, ...tensor })), groups, elementsPerShard } as never;
}

const SIZES = [0, 1, 2, 10, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 7 * BLOCK, 8 * BLOCK + 5, 40 * BLOCK + 1];
const tensor = fc.record({
  shape: fc.array(fc.constantFrom(...SIZES), { maxLength: 1 }),
  dtype: fc.constantFrom("float32" as const, "float64" as const),
  group: fc.nat(2),
});

test("the layout holds every element once, in rows of one group and dtype below 2,000,000 bytes", () => {
  const property = fc.property(fc.array(tensor), fc.constantFrom(1, 10, 100_000, 4_194_304), (tensors, most) => {
    const config = configOf(tensors, most);
    const shards = layoutOf(config);
    assert.ok(shards.length >= 1);
    // What the rows hold, one after the other, are the blocks of the tensors, one after the other.
    const blocks = shards.flatMap(({ rows }) =>
      rows.flatMap((row) => row.blocks.map((elements) => [elements, row.dtype, row.group])),
    );
    const expected = (config.parameters as unknown as Tensor[]).flatMap(({ shape, dtype, group }) => {
      const list: unknown[] = [];
      for (let rest = shape[0] ?? 1; rest > 0; rest -= BLOCK) list.push([Math.min(rest, BLOCK), dtype, group]);
      return list;
    });
    assert.equal(blocks, expected);
    for (const { elements, bytes, rows } of shards) {
      const count = rows.flatMap((row) => row.blocks).length;
      assert.ok(elements <= most || count === 1, "more elements than allowed");
      assert.is(
        elements,
        rows.reduce((sum, row) => sum + row.elements, 0),
      );
      assert.is(
        bytes,
        rows.reduce((sum, row) => sum + row.elements * BYTES[row.dtype], 0),
      );
      for (const row of rows) {
        assert.ok(row.elements * BYTES[row.dtype] <= 2_000_000);
        assert.is(
          row.elements,
          row.blocks.reduce((sum, n) => sum + n, 0),
        );
      }
    }
    // A shard ends only where the next block has no room.
    shards.slice(1).forEach(({ rows }, i) => {
      assert.ok(shards[i].elements + rows[0].blocks[0] > most);
    });
  });
  fc.assert(property, { numRuns: 200 });
});

test("a row holds 7 blocks of float32, 3 of float64", () => {
  const [{ rows }] = layoutOf(configOf([{ shape: [BLOCK * 9], dtype: "float32", group: 0 }]));
  assert.equal(
    rows.map(({ blocks }) => blocks.length),
    [7, 2],
  );
  const [wide] = layoutOf(configOf([{ shape: [BLOCK * 4], dtype: "float64", group: 0 }]));
  assert.equal(
    wide.rows.map(({ blocks }) => blocks.length),
    [3, 1],
  );
});

test("the norm from sums of blocks is that of clipGradNorm", () => {
  const shapes = [[BLOCK + 1], [10], [2, BLOCK], [], [0], [3]];
  for (const dtypes of [["float32"], ["float64"], ["float32", "float64"]] as const) {
    const next = mulberry32(5);
    const engine = createEngine();
    const params = shapes.map((shape, i) => {
      const parameter = engine.parameter(shape, { dtype: dtypes[i % dtypes.length] });
      parameter.grad = values(next, parameter.size, parameter.dtype as "float32");
      return parameter;
    });
    const sums = params.flatMap(({ grad, dtype, size, gradient }) => {
      assert.is(grad!.length, size);
      const blocks = [];
      for (let at = 0; at < size; at += BLOCK) {
        const address = gradient!.address + at * BYTES[dtype as "float32"];
        blocks.push(engine.kernel[dtype as "float32"].sumOfSquares(address, Math.min(BLOCK, size - at), 1));
      }
      return blocks;
    });
    const total = normOfSums(sumsOfTensors(sums, shapes), params);
    const coefficient = clipCoefficient(params, total, 0.5);
    const first = params[0].grad!.slice(0, 10);
    assert.is(clipGradNorm(params, 0.5), total);
    const round = dtypes[0] === "float32" ? Math.fround : Number;
    first.forEach((value, i) => {
      assert.is(params[0].grad![i], round(value * round(coefficient)));
    });
  }
});

test("a schedule ends with its last rate", () => {
  const at = (step: number) => groupsAt(step, [{ lr: [0.3, 0.2], params: [] }] as never)[0].lr;
  assert.equal([0, 1, 2, 1e9].map(at), [0.3, 0.2, 0.2, 0.2]);
});

test("two runs are the same if nothing differs that has an effect", () => {
  const params = () => createEngine().parameter(3, { name: "a" });
  const make = (options: object, name = "a") =>
    describeRun([createEngine().parameter(3, { name })], { lr: 0.1, ...options }).config;
  const base = make({});
  for (const same of [{}, { lr: [0.1] }, { lr: [0.1, 0.1] }, { workers: 1 }, { foreach: true }, { momentum: 0 }]) {
    assert.ok(isSameRun(base, fromJson(toJson(make(same))) as RunConfig), JSON.stringify(same));
  }
  assert.ok(isSameRun(base, make({}, "b")));
  for (const other of [
    { lr: 0.2 },
    { lr: [0.1, 0.2] },
    { workers: 2 },
    { momentum: 0.5 },
    { maxGradNorm: 1 },
    { rounding: "separate" },
  ]) {
    assert.not.ok(isSameRun(base, make(other)), JSON.stringify(other));
  }
  assert.not.ok(isSameRun(base, describeRun([params(), params()], { lr: 0.1 }).config));
});

test("JSON keeps every number", () => {
  const numbers = [0, -0, 0.1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324];
  assert.ok((fromJson(toJson(numbers)) as number[]).every((n, i) => Object.is(n, numbers[i])));
});

test("tokens", async () => {
  const secret = "sixteen letters.";
  const accept = tokens((env: string | undefined) => env as string);
  const read = (token: string, env: string | undefined = secret) =>
    accept({ headers: new Headers({ authorization: `Bearer ${token}` }) }, env);
  const later = new Date(Date.now() + 60_000);
  for (const grant of [
    { run: "r", role: "reader" },
    { run: "a.b-c_1", role: "worker", worker: "Ünïcode ✓ 𝒳" },
    { run: "r", role: "admin", worker: "w" },
  ] as Grant[]) {
    assert.equal(
      { ...(await read(await issueToken(secret, { ...grant, expires: later }))) },
      { worker: undefined, ...grant },
    );
  }
  const token = await issueToken(secret, { run: "r", role: "worker", worker: "w", expires: later });
  // Every letter counts.
  for (let i = 0; i < token.length; i++) {
    const changed = token[i] === "A" ? "B" : "A";
    const forged = token.slice(0, i) + changed + token.slice(i + 1);
    // The last letter of base64 has bits of no meaning.
    if (
      Buffer.from(forged.split(".")[1] ?? "", "base64url").equals(Buffer.from(token.split(".")[1], "base64url")) &&
      i > token.indexOf(".")
    )
      continue;
    assert.is(await read(forged), null, `letter ${i}`);
  }
  assert.throws(() => tokens("the secret itself" as never), /tokens needs \(env\) => secret/);
  assert.is(await read(token, "another secret of 16"), null);
  const { warn } = console;
  const warnings: string[] = [];
  console.warn = (text) => warnings.push(text);
  try {
    for (const none of [undefined, "", "fifteen letters", 1234567890123456]) {
      assert.is(await accept({ headers: new Headers({ authorization: `Bearer ${token}` }) }, none as never), null);
    }
  } finally {
    console.warn = warn;
  }
  assert.equal(warnings, ["nobody is let in: the secret needs at least 16 characters, got undefined"]);
  assert.is(await accept({ headers: new Headers() }, secret), null);
  assert.is(await accept({ headers: new Headers({ authorization: token }) }, secret), null);
  assert.is(await accept({ headers: new Headers({ authorization: `Basic ${token}` }) }, secret), null);
  assert.is(await read(await issueToken(secret, { run: "r", role: "reader", expires: new Date(0) })), null);
  const fails = async (promise: Promise<unknown>) =>
    promise.then(
      () => null,
      (error) => error.constructor.name,
    );
  assert.is(await fails(issueToken("fifteen letters", { run: "r", role: "reader", expires: later })), "RangeError");
  assert.is(await fails(issueToken(undefined as never, { run: "r", role: "reader", expires: later })), "RangeError");
  assert.is(await fails(issueToken(secret, { run: "r", role: "king" as never, expires: later })), "TypeError");
  assert.is(await fails(issueToken(secret, { run: "r", role: "reader", expires: new Date("x") })), "RangeError");
});

test("a handler has no other options", () => {
  const authorize = () => null;
  assert.throws(() => createHandler({ authorize, exportTo: () => null } as never), /no option 'exportTo'/);
  assert.throws(() => createHandler(undefined as never), TypeError);
});

test("a shard takes 12 bytes for each parameter and at most 4 MB", () => {
  const shapes: [number, "float32" | "float64"][][] = [
    [[2_097_152, "float32"]],
    [[1_000_003, "float32"]],
    [[300_000, "float64"]],
    [
      [1, "float32"],
      [1, "float64"],
      [0, "float32"],
    ],
    Array.from({ length: 2000 }, (_, i) => [i % 7, i % 2 ? "float32" : "float64"]),
  ];
  for (const tensors of shapes) {
    const config = configOf(tensors.map(([n, dtype]) => ({ shape: [n], dtype, group: 0 })));
    const [{ rows, bytes }] = layoutOf(config);
    const options = { momentum: 0.9, dampening: 0, weightDecay: 0, nesterov: false, maximize: false };
    const resident = new Resident({ rows, groups: [options, options, options], rounding: "fused" });
    const before = resident.engine.memory.buffer.byteLength;
    for (let step = 0; step < 2; step++) {
      rows.forEach((row, i) => {
        resident.add(i, new Uint8Array(row.elements * BYTES[row.dtype]), step === 0);
      });
      resident.sumsOfSquares(0.5);
      resident.step([0.1, 0.1, 0.1], 0.5, 0.5);
    }
    const { byteLength } = resident.engine.memory.buffer;
    assert.ok(byteLength <= 3 * bytes + 4_000_000, `${byteLength} for ${bytes}`);
    assert.is(byteLength, before, "the memory has grown");
  }
});

test.run();
