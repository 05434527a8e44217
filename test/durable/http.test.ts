// The HTTP interface: what is refused, with which code, and that a refused request changes nothing.

import { createHash } from "node:crypto";
import type { Grant, RunStatus } from "sgd-wasm/durable";
import * as assert from "uvu/assert";
import { suite } from "../harness/suite.js";
import { assertSameBits, bytesOf } from "../support/bits.js";
import { makeParameters, OneMachine, type Shape, setGradients } from "./model.js";
import { clientOf, http, pieces, startServer, tokenFor } from "./server.js";

const test = suite("http");
let server: Awaited<ReturnType<typeof startServer>>;
test.before(async () => {
  server = await startServer();
});
test.after(() => server.dispose());

const SHAPES: Shape[] = [[[300_000]], [[5], "float64"], [[3]]];
let runs = 0;

/** A run with two shards and two workers, of whom the first has joined. */
async function newRun(options = {}, name = `run-${++runs}`) {
  const params = makeParameters(SHAPES);
  const client = await clientOf(server, name, "first");
  const status = await client.create(params, { lr: 0.1, workers: 2, elementsPerShard: 200_000, ...options });
  await client.join();
  const worker: Grant = { run: name, role: "worker", worker: "first" };
  const values = Buffer.concat(params.map(({ data }) => bytesOf(data as Float32Array)));
  setGradients(params, 0, 0);
  const gradients = Buffer.concat(params.map(({ grad }) => bytesOf(grad as Float32Array)));
  const [first] = status.shards;
  const slices = (vector: Buffer) => [vector.subarray(0, first.bytes), vector.subarray(first.bytes)];
  return { name, client, status, worker, values: slices(values), gradients: slices(gradients), params };
}
type Run = Awaited<ReturnType<typeof newRun>>;

const pathOf = ({ name }: Run, shard: number | string, query: string) =>
  `/runs/${name}/shards/${shard}/gradients${query}`;

function push(run: Run, shard: number | string, body: unknown, query = "?step=0&rank=0", changes = {}) {
  const headers = { layout: run.status.layout, "content-type": "application/octet-stream" };
  return http(server, { method: "PUT", path: pathOf(run, shard, query), grant: run.worker, headers, body, ...changes });
}

const refused = ({ status, json }: { status: number; json: Record<string, unknown> }) => {
  assert.is(typeof json.message, "string");
  return [status, json.code];
};

test("describes a run as the table says", async () => {
  const run = await newRun({ momentum: 0.9, lr: [0.5, 0.1] });
  const { status, json } = await http(server, { method: "GET", path: `/runs/${run.name}`, grant: run.worker });
  assert.is(status, 200);
  const shapes = [
    ["float32", [300_000]],
    ["float64", [5]],
    ["float32", [3]],
  ];
  assert.is(json.layout, createHash("sha256").update(JSON.stringify(shapes)).digest("hex"));
  assert.equal(json.members, [{ worker: "first", rank: 0 }]);
  // Four blocks of 65,536 and the rest; then what fits.
  assert.equal(json.shards, [
    { elements: 196_608, bytes: 786_432 },
    { elements: 103_400, bytes: 413_620 },
  ]);
  assert.is((json as unknown as RunStatus).groups[0].lr, 0.5);
  assert.is((json as unknown as RunStatus).groups[0].weight_decay, 0);
  assert.equal([json.step, json.workers, json.rejectNonfinite], [0, 2, true]);
});

test("takes whole steps by HTTP alone", async () => {
  const run = await newRun({ workers: 1, momentum: 0.9 });
  for (const shard of [0, 1]) {
    const { status, headers, bytes } = await http(server, {
      method: "GET",
      path: `/runs/${run.name}/shards/${shard}/parameters`,
      grant: run.worker,
    });
    assert.equal([status, headers.get("step")], [200, "0"]);
    assert.equal(Buffer.from(bytes), run.values[shard]);
    const momentum = `/runs/${run.name}/shards/${shard}/momentum?step=0`;
    const zeros = await http(server, { method: "GET", path: momentum, grant: run.worker });
    assert.equal(Buffer.from(zeros.bytes), Buffer.alloc(run.values[shard].length));
    const result = await push(run, shard, run.gradients[shard]);
    assert.equal([result.status, result.json], [200, { status: "received", step: 0 }]);
  }
  const step = await http(server, { method: "POST", path: `/runs/${run.name}/steps/0`, grant: run.worker });
  assert.equal([step.status, step.json.step], [200, 1]);
  // A step that has been taken takes whatever comes.
  for (const body of [run.gradients[0], new Uint8Array(3), undefined]) {
    assert.equal((await push(run, 0, body)).json, { status: "applied", step: 0 });
  }
  // The version before is kept, momentum only of the newest.
  const get = (what: string) =>
    http(server, { method: "GET", path: `/runs/${run.name}/shards/1/${what}`, grant: run.worker });
  const before = await get("parameters?step=0");
  assert.equal([Buffer.from(before.bytes), before.headers.get("step")], [run.values[1], "0"]);
  assert.is((await get("parameters")).headers.get("step"), "1");
  assert.equal(refused(await get("momentum?step=0")), [410, "gone"]);
  // The first step's buffer is the gradient.
  assert.equal(Buffer.from((await get("momentum?step=1")).bytes), run.gradients[1]);
  for (const what of ["parameters?step=2", "momentum?step=2"])
    assert.equal(refused(await get(what)), [409, "too-early"]);
  for (let next = 1; next < 3; next++) {
    for (const shard of [0, 1]) await push(run, shard, run.gradients[shard], `?step=${next}&rank=0`);
    await http(server, { method: "POST", path: `/runs/${run.name}/steps/${next}`, grant: run.worker });
  }
  assert.equal(refused(await get("parameters?step=1")), [410, "gone"]);
});

test("refuses by code", async () => {
  const run = await newRun();
  const [slice] = run.gradients;
  const nan = Buffer.from(slice);
  nan.writeFloatLE(Number.NaN, 700_000);
  const infinity = Buffer.from(slice);
  infinity.writeFloatLE(Number.NEGATIVE_INFINITY, 0);
  const layout = { layout: "0".repeat(64) };
  const cases: [what: string, expected: [number, string], answer: () => ReturnType<typeof push>][] = [
    ["another layout", [409, "layout"], () => push(run, 0, slice, "?step=0&rank=0", { headers: layout })],
    ["no layout", [409, "layout"], () => push(run, 0, slice, "?step=0&rank=0", { headers: {} })],
    ["a shorter body", [400, "length"], () => push(run, 0, slice.subarray(4))],
    ["a longer body", [400, "length"], () => push(run, 0, Buffer.concat([slice, slice]))],
    ["no body", [400, "length"], () => push(run, 0, undefined)],
    [
      "a body without a length",
      [400, "length"],
      () => push(run, 0, new Blob([new Uint8Array(2 * slice.length)]).stream()),
    ],
    ["a NaN", [422, "nonfinite"], () => push(run, 0, nan)],
    ["an infinity", [422, "nonfinite"], () => push(run, 0, infinity)],
    ["a future step", [409, "too-early"], () => push(run, 0, slice, "?step=1&rank=0")],
    ["a step beyond all numbers", [409, "too-early"], () => push(run, 0, slice, `?step=${"9".repeat(400)}&rank=0`)],
    ["another's rank", [403, "forbidden"], () => push(run, 0, slice, "?step=0&rank=1")],
    ["a rank beyond all", [403, "forbidden"], () => push(run, 0, slice, "?step=0&rank=99999999999999999999999")],
    ["no shard of this number", [404, "unknown"], () => push(run, 2, slice)],
    ["a shard beyond all numbers", [404, "unknown"], () => push(run, "99999999999999999999999", slice)],
    ["a shard that is no number", [404, "unknown"], () => push(run, "-1", slice)],
  ];
  for (const query of [
    "",
    "?step=0",
    "?rank=0",
    "?step=&rank=0",
    "?step=0&rank=",
    "?step=-1&rank=0",
    "?step=1.5&rank=0",
    "?step=1e1&rank=0",
    "?step=0x1&rank=0",
    "?step=%200&rank=0",
    "?step=0&rank=null",
    "?step=NaN&rank=0",
  ]) {
    cases.push([`the query ${query}`, [400, "invalid"], () => push(run, 0, slice, query)]);
  }
  for (const [what, expected, answer] of cases) assert.equal(refused(await answer()), expected, what);
  // Nothing of it has left a trace.
  assert.equal((await push(run, 0, slice)).json, { status: "received", step: 0 });
  assert.equal((await push(run, 0, slice)).json, { status: "received", step: 0 });
  const other = Buffer.from(slice);
  other[5] ^= 1;
  assert.equal(refused(await push(run, 0, other)), [409, "conflict"]);
  assert.equal((await push(run, 0, slice)).json, { status: "received", step: 0 });
  assert.is((await run.client.status()).step, 0);
});

test("refuses runs, paths and bodies that are none", async () => {
  const run = await newRun();
  const admin: Grant = { run: run.name, role: "admin", worker: "first" };
  const get = (path: string, grant = admin, method = "GET") => http(server, { method, path, grant });
  assert.equal(refused(await get("/runs/nobody", { ...admin, run: "nobody" })), [404, "unknown"]);
  assert.equal(refused(await get("/runs/nobody/shards/0/parameters", { ...admin, run: "nobody" })), [404, "unknown"]);
  assert.equal(refused(await get("/runs/nobody/members", { ...admin, run: "nobody" }, "POST")), [404, "unknown"]);
  assert.equal(refused(await get("/runs/nobody/steps/0", { ...admin, run: "nobody" }, "POST")), [404, "unknown"]);
  for (const path of [
    "/",
    "/runs",
    "/runs/",
    `/runs/${run.name}/`,
    `/runs/${run.name}/shards`,
    `/runs/${run.name}/shards/0`,
  ]) {
    assert.equal(refused(await get(path)), [404, "unknown"], path);
  }
  assert.equal(refused(await get(`/runs/${run.name}`, admin, "PATCH")), [404, "unknown"]);
  for (const name of ["a%20b", "a%2Fb", "%ff", "ä", "x".repeat(129)]) {
    const grant = { ...admin, run: name.replace("%20", " ").replace("%2F", "/") };
    assert.equal(refused(await get(`/runs/${name}`, grant)), [400, "invalid"], name);
  }
  for (const step of ["", "-1", "a", "1.5"]) {
    assert.equal(refused(await get(`/runs/${run.name}/steps/${step}`, admin, "POST")), [400, "invalid"], step);
  }
  for (const query of ["?step=", "?step=-1", "?step=x"]) {
    assert.equal(refused(await get(`/runs/${run.name}/shards/0/parameters${query}`)), [400, "invalid"], query);
  }
  for (const body of [undefined, "", "{", "null", "[]", "{}", '"run"', "17", '{"parameters":[],"groups":[]}']) {
    const grant = { ...admin, run: "new" };
    assert.equal(
      refused(await http(server, { method: "PUT", path: "/runs/new", grant, body })),
      [400, "invalid"],
      body,
    );
  }
  assert.equal(refused(await get("/runs/new", { ...admin, run: "new" })), [404, "unknown"]);
});

test("every route needs a grant, and the right one", async () => {
  const run = await newRun();
  const own = `/runs/${run.name}`;
  const routes: [method: string, path: string, role: Grant["role"], named?: boolean][] = [
    ["PUT", own, "admin"],
    ["PUT", `${own}/shards/0/parameters`, "admin"],
    ["GET", own, "reader"],
    ["DELETE", own, "admin"],
    ["POST", `${own}/members`, "worker", true],
    ["GET", `${own}/shards/0/parameters`, "reader"],
    ["GET", `${own}/shards/0/momentum`, "reader"],
    ["PUT", `${own}/shards/0/gradients?step=0&rank=0`, "worker", true],
    ["POST", `${own}/steps/0`, "reader"],
    ["GET", "/nowhere", "reader"],
  ];
  const roles = ["reader", "worker", "admin"] as const;
  const grant: Grant = { run: run.name, role: "admin", worker: "first" };
  const valid = await tokenFor(grant);
  const [payload, signature] = valid.split(".");
  const forged = Buffer.from(JSON.stringify({ ...grant, exp: Date.now() + 1e9 })).toString("base64url");
  const tokens = [
    undefined,
    "",
    "x",
    await tokenFor(grant, -1),
    `${forged}.${signature}`,
    `${payload}.${signature.slice(1)}`,
    `${payload}.`,
    `${payload}.${"A".repeat(43)}`,
  ];
  for (const [method, path, role, named] of routes) {
    const body = method === "PUT" ? run.gradients[0] : undefined;
    for (const token of tokens) {
      assert.equal(
        refused(await http(server, { method, path, token, body })),
        [401, "unauthorized"],
        `${method} ${path} ${token}`,
      );
    }
    if (path === "/nowhere") continue;
    const foreign = { ...grant, run: "other" };
    assert.equal(
      refused(await http(server, { method, path, grant: foreign, body })),
      [403, "forbidden"],
      `${method} ${path}`,
    );
    for (const low of roles.slice(0, roles.indexOf(role))) {
      const answer = await http(server, { method, path, grant: { ...grant, role: low }, body });
      assert.equal(refused(answer), [403, "forbidden"], `${method} ${path} by ${low}`);
    }
    if (named) {
      const answer = await http(server, { method, path, grant: { run: run.name, role: "admin" }, body });
      assert.equal(refused(answer), [403, "forbidden"], `${method} ${path} without a name`);
    }
  }
  assert.equal((await run.client.status()).members, [{ worker: "first", rank: 0 }]);
});

test("of two uploads of a slot the first that is complete counts", async () => {
  const run = await newRun();
  const [slice] = run.gradients;
  const half = slice.length / 2;
  const slow = pieces();
  const slowAnswer = push(run, 0, slow.body);
  await slow.send(slice.subarray(0, half));
  assert.equal((await push(run, 0, slice)).json, { status: "received", step: 0 });
  await slow.send(slice.subarray(half));
  slow.end();
  assert.equal((await slowAnswer).json, { status: "received", step: 0 });

  const other = Buffer.from(slice);
  other[0] ^= 1;
  const again = await newRun();
  const early = pieces();
  const late = pieces();
  const answers = [push(again, 0, early.body), push(again, 0, late.body)];
  await early.send(slice.subarray(0, half));
  await late.send(other.subarray(0, half));
  await late.send(other.subarray(half));
  await early.send(slice.subarray(half));
  early.end();
  assert.equal((await answers[0]).json, { status: "received", step: 0 });
  late.end();
  assert.equal(refused(await answers[1]), [409, "conflict"]);
  assert.equal((await push(again, 0, slice)).json, { status: "received", step: 0 });
});

test("an upload that breaks off leaves nothing, and others go on beside it", async () => {
  const run = await newRun({ workers: 1 });
  const [slice, rest] = run.gradients;
  const garbage = Buffer.alloc(slice.length, 7);
  const broken = pieces();
  const lost = push(run, 0, broken.body).catch(() => null);
  await broken.send(garbage.subarray(0, slice.length - 4));
  broken.abort(new Error("the line is dead"));
  await lost;
  assert.equal((await push(run, 0, slice)).json, { status: "received", step: 0 });
  // One that is late by a step.
  const late = pieces();
  const answer = push(run, 1, late.body);
  await late.send(rest.subarray(0, 1000));
  assert.equal((await push(run, 1, rest)).json, { status: "received", step: 0 });
  assert.is(await run.client.next(0), 1);
  await late.send(garbage.subarray(0, 1000));
  late.end();
  assert.equal((await answer).json, { status: "applied", step: 0 });
  const pulled = makeParameters(SHAPES);
  await run.client.pull(pulled);
  const machine = new OneMachine({ lr: 0.1 }, SHAPES);
  machine.takeStep();
  pulled.forEach(({ data }, i) => {
    assertSameBits(data as Float32Array, machine.params[i].data as Float32Array, `tensor ${i}`);
  });
});

test("an upload that breaks off after a row is not in the sum", async () => {
  const run = await newRun();
  const second: Run = { ...run, worker: { ...run.worker, worker: "second" } };
  const other = await clientOf(server, run.name, "second");
  assert.is((await other.join()).rank, 1);
  for (const shard of [0, 1]) await push(run, shard, run.gradients[shard]);
  // The first row of the second shard, and a part of the next.
  const broken = pieces();
  const lost = push(second, 1, broken.body, "?step=0&rank=1").catch(() => null);
  await broken.send(Buffer.alloc(103_400 * 4, 0x3f));
  broken.abort(new Error("the line is dead"));
  await lost;
  for (const shard of [0, 1]) await push(second, shard, run.gradients[shard], "?step=0&rank=1");
  assert.is(await run.client.next(0), 1);
  const pulled = makeParameters(SHAPES);
  await run.client.pull(pulled);
  // The mean of two equal gradients is either of them.
  const { optimizer, params } = new OneMachine({ lr: 0.1 }, SHAPES);
  params.forEach((parameter, i) => {
    parameter.grad = run.params[i].grad!.slice();
  });
  optimizer.paramGroups[0].lr = 0.1;
  optimizer.step();
  pulled.forEach(({ data }, i) => {
    assertSameBits(data as Float32Array, params[i].data as Float32Array, `tensor ${i}`);
  });
});

test("more than a few uploads of a slot at once are overload", async () => {
  const run = await newRun();
  const open = Array.from({ length: 8 }, pieces);
  const answers = open.map(({ body }) => push(run, 0, body));
  for (const { send } of open) await send(run.gradients[0].subarray(0, 10));
  const { status, json, headers } = await push(run, 0, run.gradients[0]);
  assert.equal([status, json.code, headers.get("retry-after")], [503, "overloaded", "1"]);
  for (const { end } of open) end();
  for (const answer of answers) assert.equal(refused(await answer), [400, "length"]);
  assert.equal((await push(run, 0, run.gradients[0])).json, { status: "received", step: 0 });
});

test("values: too early before, ignored after", async () => {
  const source = await newRun();
  const name = "empty";
  const admin: Grant = { run: name, role: "admin", worker: "first" };
  // The body of a creation is not fixed: take what the client sends, and stop it there.
  let sent: { body: string } | undefined;
  const client = await clientOf(server, name, "first", {
    fetch: (async (url: string, init: { method: string; body: string }) => {
      if (url.includes("/shards/")) throw new Error("no");
      sent = init;
      return server.dispatchFetch(url, init);
    }) as never,
    retryMs: 0,
  });
  const code = await client
    .create(makeParameters(SHAPES), { lr: 0.1, workers: 2, elementsPerShard: 200_000 })
    .catch((error) => error.code);
  assert.is(code, "unreachable");
  assert.type(sent?.body, "string");
  const run = { ...source, name, worker: admin };
  await http(server, { method: "POST", path: "/runs/empty/members", grant: admin });
  const put = (shard: number, body: unknown, headers = { layout: source.status.layout }) =>
    http(server, { method: "PUT", path: `/runs/empty/shards/${shard}/parameters`, grant: admin, headers, body });
  const early = async () => [
    refused(await push(run, 0, source.gradients[0])),
    refused(await http(server, { method: "GET", path: "/runs/empty/shards/0/parameters", grant: admin })),
    refused(await http(server, { method: "GET", path: "/runs/empty/shards/0/momentum", grant: admin })),
  ];
  assert.equal(await early(), Array(3).fill([409, "too-early"]));
  assert.equal(refused(await put(0, source.values[0].subarray(8))), [400, "length"]);
  assert.equal(refused(await put(0, source.values[0], { layout: "no" })), [409, "layout"]);
  assert.equal(await early(), Array(3).fill([409, "too-early"]));
  assert.equal((await put(0, source.values[0])).json, {});
  assert.equal(await early(), Array(3).fill([409, "too-early"]));
  assert.equal((await put(1, source.values[1])).json, {});
  assert.equal((await put(1, Buffer.alloc(source.values[1].length))).json, {});
  const { bytes } = await http(server, { method: "GET", path: "/runs/empty/shards/1/parameters", grant: admin });
  assert.equal(Buffer.from(bytes), source.values[1]);
});

test("a step is waited for", async () => {
  const run = await newRun({ workers: 1 });
  const waiting = http(server, { method: "POST", path: `/runs/${run.name}/steps/0`, grant: run.worker });
  const future = await http(server, { method: "POST", path: `/runs/${run.name}/steps/7`, grant: run.worker });
  assert.equal([future.status, future.json.step], [200, 0]);
  for (const shard of [0, 1]) await push(run, shard, run.gradients[shard]);
  const { status, json } = await waiting;
  assert.equal([status, json.step], [200, 1]);
  const past = await http(server, { method: "POST", path: `/runs/${run.name}/steps/0`, grant: run.worker });
  assert.is(past.json.step, 1);
});

test("an authorize of the user's: null, a rejection and nonsense are 401; a binding that is missing is named", async () => {
  const open = await startServer({ worker: "custom" });
  try {
    for (const kind of ["null", "throws", "rejects", "true", "no role", "undefined"]) {
      const answer = await http(open, {
        method: "PUT",
        path: "/runs/r",
        headers: { kind },
        body: new Uint8Array(100_000),
      });
      assert.equal(refused(answer), [401, "unauthorized"], kind);
    }
    const get = (headers: Record<string, string>) =>
      http(open, { method: "GET", path: "/runs/r", headers: { kind: "reader", ...headers } });
    assert.equal(refused(await get({})), [404, "unknown"]);
    for (const without of ["PARAMETER_COORDINATOR", "PARAMETER_SHARD"]) {
      const answer = await get({ without });
      assert.equal(refused(answer), [404, "unknown"]);
      assert.match(answer.json.message as string, `the Worker has no binding ${without}`);
    }
  } finally {
    await open.dispose();
  }
});

test("a Worker without authorize does not start", async () => {
  const none = await startServer({ worker: "unauthorized" });
  const error = await none.dispatchFetch("http://x/").then(
    () => null,
    (thrown) => thrown,
  );
  assert.match(String(error?.message), /authorize/);
  await none.dispose().catch(() => {});
});

test.run();
