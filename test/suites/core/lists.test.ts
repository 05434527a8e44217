// Lists of parameters: steps take neighbours together, whichever gradient came first, and write nothing between them.

import { createEngine, type DType, type Engine, type Parameter, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bytesOf } from "../../support/bits.js";
import { callsOf } from "../../support/calls.js";
import { rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

const PAGE = 65536;
const OPTIONS = { lr: 0.1, momentum: 0.9, weightDecay: 0.01 };
const ORDERS = ["forwards", "backwards", "from the middle"] as const;
const test = suite("lists");

type AnyParameter = Parameter<DType>;

function inOrder<T>(list: readonly T[], order: (typeof ORDERS)[number]): T[] {
  if (order === "backwards") return [...list].reverse();
  const from = order === "forwards" ? 0 : list.length >> 1;
  return [...list.slice(from), ...list.slice(0, from)];
}

/** Whether each starts where the one before ends. */
function areNeighbours(views: ArrayBufferView[]): boolean {
  return views.every((view, i) => i === 0 || view.byteOffset === views[i - 1].byteOffset + views[i - 1].byteLength);
}

function fill(parameter: AnyParameter, next: () => number): void {
  parameter.grad = Array.from(values(next, parameter.size, "float32"));
}

test("whole vectors next to each other are one call, whichever gradient comes first", () => {
  for (const dtype of ["float32", "float64", "float16", "bfloat16"] as const) {
    for (const order of ORDERS) {
      const engine = createEngine({ rounding });
      const params = [104, 8, 24, 1000, 16].map((size) => engine.parameter(size, { dtype }));
      for (const parameter of inOrder(params, order)) fill(parameter, mulberry32(parameter.size));
      const optimizer = new SGD(params, OPTIONS);
      const step = () => optimizer.step();
      assert.equal([callsOf(engine, dtype, "sgd", step), callsOf(engine, dtype, "sgd", step)], [1, 1], order);
      const buffers = params.map((parameter) => optimizer.state.get(parameter)!.momentumBuffer!);
      for (const views of [params.map(({ data }) => data), params.map(({ grad }) => grad!), buffers]) {
        assert.ok(areNeighbours(views), order);
      }
      engine.dispose();
    }
  }
});

test("parameters that come later are neighbours of each other, and what a disposed one left is used again", () => {
  const engine = createEngine({ rounding });
  const early = [engine.parameter(8), engine.parameter(8), engine.parameter(8)];
  early[1].dispose();
  early[2].ensureGrad();
  early[0].ensureGrad();
  assert.ok(areNeighbours([early[0].grad!, early[2].grad!]));
  const { allocatedBytes } = engine.info;
  const late = [engine.parameter(4), engine.parameter(12)];
  for (const parameter of [...late].reverse()) parameter.ensureGrad();
  assert.ok(areNeighbours(late.map(({ grad }) => grad!)));
  for (const parameter of late) parameter.dispose();
  assert.is(engine.info.allocatedBytes, allocatedBytes);
  for (const parameter of early) parameter.dispose();
  assert.is(engine.info.allocatedBytes, 0);
});

test("where there is no room for all gradients, each has its own as far as it reaches", () => {
  const engine = createEngine({ rounding, maximumBytes: PAGE });
  const params = [0, 1, 2].map(() => engine.parameter(4000));
  params[2].ensureGrad().fill(1);
  assert.throws(() => params[1].ensureGrad(), /out of memory/);
  params[0].dispose();
  params[1].ensureGrad().fill(1);
  new SGD(params.slice(1), { lr: 1 }).step();
  assert.equal([params[1].data[3999], params[2].data[0]], [-1, -1]);
});

/** Parameters of all kinds, with gradients and buffers, in an order of their own. */
function makeList(engine: Engine, seed: number): { params: AnyParameter[]; optimizer: SGD; views: ArrayBufferView[] } {
  const next = mulberry32(seed);
  const dtypes = ["float32", "float32", "float32", "float64", "bfloat16", "float16"] as const;
  const params = Array.from({ length: 12 }, () =>
    engine.parameter((next() % 4) * 4 || next() % 40, { dtype: dtypes[next() % dtypes.length] }),
  );
  for (const parameter of inOrder(params, ORDERS[seed % ORDERS.length])) fill(parameter, next);
  const optimizer = new SGD(params, { ...OPTIONS, nesterov: seed % 2 === 1, foreach: null });
  optimizer.step();
  const buffers = params.map((parameter) => optimizer.state.get(parameter)!.momentumBuffer!);
  return { params, optimizer, views: [...params.flatMap(({ data, grad }) => [data, grad!]), ...buffers] };
}

test("a list has the bits of its parameters one by one, and nothing outside of their elements is written", () => {
  const MARK = 0xa5;
  for (let seed = 0; seed < 40; seed++) {
    const [together, alone] = [createEngine({ rounding }), createEngine({ rounding })];
    const { params, optimizer, views } = makeList(together, seed);
    const single = makeList(alone, seed);
    single.optimizer.paramGroups[0].foreach = false;
    const contents = views.map((view) => bytesOf(view).slice());
    const memory = new Uint8Array(together.memory.buffer).fill(MARK);
    for (const [i, view] of views.entries()) bytesOf(view).set(contents[i]);
    for (const options of [undefined, { gradScale: 0.5, maxGradNorm: 0.1 }, { skipNonfinite: true, zeroGrad: true }]) {
      for (const one of [optimizer, single.optimizer]) one.step(null, options);
    }
    params.forEach(({ data }, i) => {
      assert.equal(bytesOf(data), bytesOf(single.params[i].data), `seed ${seed}, parameter ${i}`);
    });
    for (const view of views) bytesOf(view).fill(MARK);
    assert.ok(
      memory.every((byte) => byte === MARK),
      `seed ${seed}`,
    );
  }
});

test.run();
