// The client: what it checks before it sends anything, what it sends again, and when it gives up.

import { runInNewContext } from "node:vm";
import { createEngine } from "sgd-wasm";
import { ParameterClient, type ParameterServerError, type RunOptions } from "sgd-wasm/durable";
import * as assert from "uvu/assert";
import { suite } from "../harness/suite.js";
import { makeParameters, type Shape, setGradients } from "./model.js";
import { clientOf, startServer, tokenFor } from "./server.js";

const test = suite("client");
let server: Awaited<ReturnType<typeof startServer>>;
test.before(async () => {
  server = await startServer();
});
test.after(() => server.dispose());

const SHAPES: Shape[] = [[[40]], [[60]], [[5]]];
const OPTIONS: RunOptions = { lr: 0.1, momentum: 0.9, elementsPerShard: 50 };
let runs = 0;

type Sent = [
  url: string,
  init: { method: string; headers: Record<string, string>; body?: unknown; signal?: AbortSignal },
];

/** The server's `fetch`, with what was sent, and with `disturb` in its way. */
function watched(disturb: (...sent: Sent) => Response | null = () => null) {
  const sent: Sent[] = [];
  const fetch = async (...[url, init]: Sent) => {
    sent.push([url, init]);
    init.signal?.throwIfAborted();
    return disturb(url, init) ?? server.dispatchFetch(url, init);
  };
  return { sent, fetch: fetch as never };
}

const failure = (promise: Promise<unknown>): Promise<ParameterServerError> =>
  promise.then(
    () => assert.unreachable("it should have failed") as never,
    (error) => error,
  );
const kindOf = async (promise: Promise<unknown>) => {
  const { name, code, status } = await failure(promise);
  return name === "ParameterServerError" ? [code, status] : name;
};

test("checks options before anything is sent", async () => {
  const { sent, fetch } = watched();
  const client = await clientOf(server, "never", "w", { fetch });
  const engine = createEngine();
  const [a, b] = [engine.parameter(3), engine.parameter(4)];
  const create = (options: object, params: unknown = [a, b]) =>
    kindOf(client.create(params as never, options as never));
  assert.is(await create({ lr: -1 }), "RangeError");
  assert.is(await create({ lr: [0.1, -1] }), "RangeError");
  assert.is(await create({ lr: [] }), "RangeError");
  assert.is(await create({ lr: "fast" }), "TypeError");
  assert.is(await create({ lr: [0.1, "fast"] }), "TypeError");
  assert.is(await create({}), "RangeError");
  assert.is(await create({ lr: 1e40 }), "RangeError");
  assert.is(await create({ lr: 0.1, momentum: -1 }), "RangeError");
  assert.is(await create({ lr: 0.1, nesterov: true }), "RangeError");
  assert.is(await create({ lr: 0.1, differentiable: true }), "TypeError");
  assert.is(await create({ lr: 0.1 }, [{ params: [a], differentiable: true }]), "TypeError");
  assert.is(await create({ lr: 0.1, workers: 0 }), "RangeError");
  assert.is(await create({ lr: 0.1, workers: 1.5 }), "RangeError");
  assert.is(await create({ lr: 0.1, workers: { quorum: 2, deadlineMs: 100 } }), "TypeError");
  assert.is(await create({ lr: 0.1, elementsPerShard: 4_194_305 }), "RangeError");
  assert.is(await create({ lr: 0.1, elementsPerShard: 0 }), "RangeError");
  // 101 MB of memory; and 10.5 GB of gradients.
  const wide = [engine.parameter(4_194_304, { dtype: "float64" })];
  const shard = { lr: 0.1, elementsPerShard: 4_194_304 };
  assert.match((await failure(client.create(wide, shard))).message, /takes 101 MB of memory.*smaller elementsPerShard/);
  const many = { ...shard, workers: 625 };
  const narrow = await failure(client.create([engine.parameter(4_194_304)], many));
  assert.is(narrow.name, "RangeError");
  assert.match(narrow.message, /10,537 MB.*fewer workers/);
  assert.is(await create({ lr: 0.1, reduce: "weighted" }), "TypeError");
  assert.is(await create({ lr: 0.1, rounding: "twice" }), "TypeError");
  assert.is(await create({ lr: 0.1, maxGradNorm: "1" }), "TypeError");
  assert.is(await create({ lr: 0.1, rejectNonfinite: 1 }), "TypeError");
  assert.is(await create({ lr: 0.1 }, []), "RangeError");
  assert.is(await create({ lr: 0.1 }, a), "TypeError");
  assert.is(await create({ lr: 0.1 }, [[a]]), "TypeError");
  assert.is(await create({ lr: 0.1 }, [{ params: [a] }, { params: [a] }]), "RangeError");
  for (const name of ["schedule", "mode", "maxStaleness", "checkpointEvery", "maxPushNorm", "locationHint"]) {
    const error = await failure(client.create([a], { lr: 0.1, [name]: 1 } as never));
    assert.is(error.name, "TypeError");
    assert.match(error.message, `'${name}'`);
  }
  assert.is(await kindOf(client.push([a, b], { step: 0 })), "TypeError");
  a.ensureGrad();
  b.grad = { indices: new Int32Array([1]), values: new Float32Array([1]) };
  assert.is(await kindOf(client.push([a, b], { step: 0 })), "TypeError");
  assert.is(await kindOf(client.push([a], { step: -1 })), "RangeError");
  assert.is(await kindOf(client.push([a], {} as never)), "RangeError");
  assert.is(await kindOf(client.push([a], { step: 0, weight: 1 } as never)), "TypeError");
  assert.is(await kindOf(client.push([a], { step: 0, conflict: "no" } as never)), "TypeError");
  assert.is(await kindOf(client.pull([a], { step: 1.5 })), "RangeError");
  assert.is(await kindOf(client.pull([a], { version: 1 } as never)), "TypeError");
  assert.is(await kindOf(client.stateDict({ version: 1 } as never)), "TypeError");
  assert.equal(sent, []);
  const known = { url: "http://x", run: "r", token: "t" };
  for (const options of [
    undefined,
    {},
    { url: "http://x", run: "r" },
    { ...known, url: 1 },
    { ...known, signal: "stop" },
    { ...known, signal: {} },
    { ...known, retryMs: "5" },
    { ...known, fetch: 1 },
  ]) {
    assert.throws(
      () => new ParameterClient(options as never),
      (error: Error) => error.name === "TypeError",
    );
  }
  assert.throws(() => new ParameterClient({ ...known, retries: 3 } as never), /retries/);
  assert.is(await kindOf((await clientOf(server, "r", "w", { token: (() => 5) as never })).status()), "TypeError");
  for (const url of ["train.example", "localhost:8787"]) {
    const options = { url, run: "r", token: "t" };
    assert.throws(
      () => new ParameterClient(options),
      `url must be a URL such as "https://train.example", got "${url}"`,
    );
    new ParameterClient({ ...options, fetch });
  }
});

test("calls fetch with a string, plain headers and a body that is a string or bytes", async () => {
  const { sent, fetch } = watched();
  const name = `run-${++runs}`;
  let tokens = 0;
  const token = async () => {
    tokens++;
    return tokenFor({ run: name, role: "admin", worker: "w" });
  };
  const client = await clientOf(server, name, "w", { fetch, token, url: "http://train.example/" });
  const params = makeParameters(SHAPES);
  await client.create(params, OPTIONS);
  await client.pull(params);
  setGradients(params, 0, 0);
  await client.push(params, { step: 0 });
  assert.is(await client.next(0), 1);
  assert.is(tokens, sent.length);
  for (const [url, { headers, body }] of sent) {
    assert.ok(url.startsWith(`http://train.example/runs/${name}`));
    assert.is(Object.getPrototypeOf(headers), Object.prototype);
    assert.ok(body === undefined || typeof body === "string" || body instanceof Uint8Array);
  }
});

test("sends again what got no answer, 429 and 5xx, and obeys Retry-After", async () => {
  let disturbed = 0;
  let waited = 0;
  const { sent, fetch } = watched(() => {
    const answers = [
      () => {
        throw new TypeError("fetch failed");
      },
      () => new Response("<html>busy</html>", { status: 502 }),
      () => {
        waited = Date.now();
        return new Response("{}", { status: 429, headers: { "retry-after": "1" } });
      },
      () => Response.json({ code: "overloaded", message: "later" }, { status: 503 }),
    ];
    if (disturbed === 3) waited = Date.now() - waited;
    return disturbed < answers.length ? answers[disturbed++]() : null;
  });
  const name = `run-${++runs}`;
  const client = await clientOf(server, name, "w", { fetch });
  assert.equal(await kindOf(client.status()), ["unknown", 404]);
  assert.is(sent.length, 5);
  assert.ok(waited >= 999, `waited ${waited} ms`);
});

test("429 is overload, whoever says it: nothing is lost, and the last of them is the cause", async () => {
  const name = `run-${++runs}`;
  let busy = 0;
  // Every other request, also those that carry slices.
  const every = watched(() => (busy++ % 2 === 0 ? new Response("slow down", { status: 429 }) : null));
  const client = await clientOf(server, name, "w", { fetch: every.fetch });
  const params = makeParameters(SHAPES);
  await client.create(params, { lr: 1, elementsPerShard: 50 });
  const before = params[0].data[0];
  for (const parameter of params) parameter.ensureGrad().fill(0.5);
  assert.equal(await client.push(params, { step: 0 }), { status: "received", step: 0 });
  assert.is(await client.next(0), 1);
  await client.pull(params);
  assert.is(params[0].data[0], before - 0.5);
  const always = watched(() => new Response("slow down", { status: 429 }));
  const error = await failure((await clientOf(server, name, "w", { fetch: always.fetch, retryMs: 100 })).status());
  const cause = error.cause as ParameterServerError;
  assert.equal([error.code, cause.code, cause.status], ["unreachable", "overloaded", 429]);
});

test("a Retry-After beyond retryMs ends in an error then, without another request", async () => {
  // More than any timer takes, and a date.
  for (const after of ["99999999999", new Date(Date.now() + 3_600_000).toUTCString()]) {
    const { sent, fetch } = watched(() => new Response("{}", { status: 503, headers: { "retry-after": after } }));
    const start = Date.now();
    const client = await clientOf(server, "r", "w", { fetch, retryMs: 300 });
    assert.equal(await kindOf(client.status()), ["unreachable", 0]);
    assert.is(sent.length, 1);
    assert.ok(Date.now() - start >= 299);
  }
});

test("gives up after retryMs without any success", async () => {
  const { fetch } = watched(() => {
    throw new TypeError("no line");
  });
  const start = Date.now();
  const client = await clientOf(server, "r", "w", { fetch, retryMs: 300 });
  const error = await failure(client.status());
  assert.equal([error.code, error.status, (error.cause as Error).message], ["unreachable", 0, "no line"]);
  assert.ok(Date.now() - start >= 300);
  const html = watched(() => new Response("<html>not here</html>", { status: 404 }));
  assert.equal(await kindOf((await clientOf(server, "r", "w", { fetch: html.fetch })).status()), ["unknown", 404]);
});

test("a signal ends everything with its reason", async () => {
  const name = `run-${++runs}`;
  const params = makeParameters(SHAPES);
  await (await clientOf(server, name)).create(params, { ...OPTIONS, workers: 2 });
  const reason = new Error("enough");
  const controller = new AbortController();
  const { fetch } = watched();
  const client = await clientOf(server, name, "w", { fetch, signal: controller.signal });
  const waiting = [client.next(0), client.pull(params, { step: 3 })].map(failure);
  const dead = watched(() => {
    throw new TypeError("no line");
  });
  const retrying = await clientOf(server, name, "w", { fetch: dead.fetch, signal: controller.signal });
  waiting.push(failure(retrying.status()));
  const stuck = await clientOf(server, name, "w", { token: () => new Promise(() => {}), signal: controller.signal });
  waiting.push(failure(stuck.status()));
  const deaf = (() => new Promise(() => {})) as never;
  waiting.push(failure((await clientOf(server, name, "w", { fetch: deaf, signal: controller.signal })).status()));
  setTimeout(() => controller.abort(reason), 200);
  for (const error of await Promise.all(waiting)) assert.is(error, reason);
  assert.is(await failure(client.status()), reason);
});

test("has at most six requests open", async () => {
  const name = `run-${++runs}`;
  const params = makeParameters([[[9]], [[9]], [[9]], [[9]], [[9]], [[9]], [[9]], [[9]], [[9]]]);
  let open = 0;
  let most = 0;
  const fetch = async (...[url, init]: Sent) => {
    most = Math.max(most, ++open);
    try {
      return await server.dispatchFetch(url, init);
    } finally {
      open--;
    }
  };
  const client = await clientOf(server, name, "w", { fetch: fetch as never });
  const { shards } = await client.create(params, { lr: 0.1, elementsPerShard: 9 });
  assert.is(shards.length, 9);
  assert.is(most, 6);
});

test("push copies the gradients before it returns", async () => {
  const name = `run-${++runs}`;
  const client = await clientOf(server, name);
  const params = makeParameters(SHAPES);
  await client.create(params, { lr: 1, elementsPerShard: 50 });
  const before = params.map(({ data }) => data.slice());
  for (const parameter of params) parameter.ensureGrad().fill(0.5);
  const pushed = client.push(params, { step: 0 });
  for (const parameter of params) parameter.ensureGrad().fill(9);
  await pushed;
  assert.is(await client.next(0), 1);
  await client.pull(params);
  params.forEach(({ data }, i) => {
    assert.equal(
      data,
      before[i].map((value) => value - 0.5),
    );
  });
});

test("NaN and infinities are refused before they are sent, unless the run takes them", async () => {
  const params = makeParameters(SHAPES);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const { sent, fetch } = watched();
    const client = await clientOf(server, `run-${++runs}`, "w", { fetch });
    await client.create(params, { ...OPTIONS, maxGradNorm: 1 });
    setGradients(params, 0, 0);
    params[1].ensureGrad()[7] = bad;
    assert.equal(await kindOf(client.push(params, { step: 0 })), ["nonfinite", 0]);
    assert.not.ok(sent.some(([url]) => url.includes("gradients")));
    const open = await clientOf(server, `run-${++runs}`);
    await open.create(params, { ...OPTIONS, maxGradNorm: 1, rejectNonfinite: false });
    await open.push(params, { step: 0 });
    assert.is(await open.next(0), 1);
    const pulled = makeParameters(SHAPES);
    await open.pull(pulled);
    // A norm that is not finite goes into every element, as on one machine.
    assert.ok(Number.isNaN(pulled[1].data[7]));
  }
});

test("conflict: keep leaves what is there and takes the rest", async () => {
  const name = `run-${++runs}`;
  let halfway = true;
  const first = watched((url) =>
    halfway && /shards\/1\/gradients/.test(url) ? new Response("", { status: 400 }) : null,
  );
  const client = await clientOf(server, name, "w", { fetch: first.fetch });
  const params = makeParameters(SHAPES);
  await client.create(params, { lr: 1, elementsPerShard: 50 });
  const before = params.map(({ data }) => data.slice());
  for (const parameter of params) parameter.ensureGrad().fill(1);
  assert.equal(await kindOf(client.push(params, { step: 0 })), ["invalid", 400]);
  halfway = false;
  const again = await clientOf(server, name, "w");
  for (const parameter of params) parameter.ensureGrad().fill(2);
  assert.equal(await kindOf(again.push(params, { step: 0 })), ["conflict", 409]);
  const result = await again.push(params, { step: 0, conflict: "keep" });
  assert.is(result.step, 0);
  assert.is(await again.next(0), 1);
  await again.pull(params);
  const taken = params.map(({ data }, i) => Math.round(before[i][0] - data[0]));
  // The second and third tensor are not in the first shard.
  assert.is(taken[0], 1);
  assert.ok(taken[1] === 2 || taken[1] === 1);
});

test("takes options, lists and maps of another realm", async () => {
  const name = `run-${++runs}`;
  const client = await clientOf(server, name);
  const params = makeParameters(SHAPES);
  const foreign = (code: string, ...args: unknown[]) => runInNewContext(code)(...args);
  const map = foreign(`(...list) => new Map(list.map((parameter, i) => ["p" + i, parameter]))`, ...params);
  await client.create(map, foreign(`() => ({ lr: new Float64Array([0.5, 0.25]), momentum: 0.9 })`));
  await client.create(params, { lr: [0.5, 0.25], momentum: 0.9 });
  setGradients(params, 0, 0);
  const list = foreign(`(...list) => list`, ...params);
  assert.is((await client.push(list, foreign(`() => ({ step: 0 })`))).status, "received");
  assert.is(await client.next(0), 1);
  assert.is(await client.pull(foreign(`(...list) => new Set(list)`, ...params)), 1);
});

test("other models, other steps, other ranks", async () => {
  const name = `run-${++runs}`;
  const client = await clientOf(server, name, "one");
  const params = makeParameters(SHAPES);
  await client.create(params, OPTIONS);
  for (const shapes of [
    [[[40]], [[60]]],
    [[[40]], [[60]], [[5, 1]]],
    [[[40]], [[60]], [[5], "float64"]],
  ] as Shape[][]) {
    const other = makeParameters(shapes);
    setGradients(other, 0, 0);
    assert.is((await failure(client.pull(other))).code, "layout");
    assert.is((await failure(client.push(other, { step: 0 }))).code, "layout");
  }
  setGradients(params, 0, 0);
  assert.is((await failure(client.push(params, { step: 1 }))).code, "too-early");
  assert.equal(await client.join(), { rank: 0, step: 0 });
  assert.equal(await client.join(), { rank: 0, step: 0 });
  assert.is((await failure((await clientOf(server, name, "two")).join())).code, "full");
  assert.equal(await client.stateDict(), { state: {}, param_groups: (await client.status()).groups });
  for (let step = 0; step < 3; step++) {
    setGradients(params, step, 0);
    await client.push(params, { step });
    await client.next(step);
  }
  assert.equal(await client.push(params, { step: 0 }), { status: "applied", step: 0 });
  assert.is(await client.pull(params, { step: 2 }), 2);
  assert.is((await failure(client.pull(params, { step: 1 }))).code, "gone");
  assert.is((await failure(client.stateDict({ step: 2 }))).code, "gone");
  assert.is((await failure(client.stateDict({ step: 4 }))).code, "too-early");
  assert.equal(Object.keys((await client.stateDict({ step: 3 })).state), ["0", "1", "2"]);
  assert.is((await failure((await clientOf(server, "nobody")).pull(params))).code, "unknown");
});

test("without momentum the state has no buffers", async () => {
  const client = await clientOf(server, `run-${++runs}`);
  const params = makeParameters(SHAPES);
  await client.create({ a: params[0], b: params[1], c: params[2] } as never, { lr: 0.1 });
  assert.equal(
    (await client.status()).parameters.map(({ name }) => name),
    ["a", "b", "c"],
  );
  setGradients(params, 0, 0);
  await client.push(params, { step: 0 });
  await client.next(0);
  const { state } = await client.stateDict();
  assert.equal(state, { 0: { momentum_buffer: null }, 1: { momentum_buffer: null }, 2: { momentum_buffer: null } });
});

test("a pull waits for values and for future steps", async () => {
  const name = `run-${++runs}`;
  const params = makeParameters(SHAPES);
  let blocked = true;
  const { fetch } = watched((url) => (blocked && url.includes("shards/1") ? new Response("", { status: 503 }) : null));
  const creator = await clientOf(server, name, "w", { fetch });
  const created = creator.create(params, OPTIONS);
  while ((await (await clientOf(server, name)).status().catch(() => null)) === null);
  const pulled = (await clientOf(server, name)).pull(makeParameters(SHAPES));
  const future = (await clientOf(server, name)).pull(makeParameters(SHAPES), { step: 1 });
  assert.is(await Promise.race([pulled, new Promise((resolve) => setTimeout(resolve, 500, "waits"))]), "waits");
  blocked = false;
  await created;
  assert.is(await pulled, 0);
  setGradients(params, 0, 0);
  await creator.push(params, { step: 0 });
  assert.is(await future, 1);
});

test.run();
