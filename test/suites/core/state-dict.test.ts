// Saving and loading: what a state dict holds, how it is matched, and that a failed load changes nothing.

import { createEngine, type Parameter, SGD, type StateDict, type TensorData } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits, type FloatArray } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

type DType = "float32" | "float64";
const test = suite("state dict");

interface Trained {
  engine: ReturnType<typeof createEngine>;
  params: Parameter[];
  optimizer: SGD;
}

/** An optimizer of two groups; the parameter without a gradient has no state. */
function make(dtype: DType = "float32", names: readonly (string | undefined)[] = []): Trained {
  const engine = createEngine({ rounding });
  const next = mulberry32(3);
  const shapes = [[2, 3], [3], [], [4]];
  const params = shapes.map((shape, i) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return engine.parameter(shape, { dtype, name: names[i], data: values(next, size, dtype) });
  });
  const groups = [
    { params: params.slice(0, 2), lr: 0.05, tag: { layer: "first" } },
    { params: params.slice(2), nesterov: true },
  ];
  return { engine, params, optimizer: new SGD(groups, { lr: 0.1, momentum: 0.9 }) };
}

function train({ params, optimizer }: Trained, steps = 2): void {
  const next = mulberry32(4);
  for (let i = 0; i < steps; i++) {
    for (const parameter of params.slice(0, 3)) parameter.grad = values(next, parameter.size, parameter.dtype);
    optimizer.step();
  }
}

const buffersOf = ({ params, optimizer }: Trained) =>
  params.map((parameter) => optimizer.state.get(parameter)?.momentumBuffer?.slice() ?? null);

/** Everything that a load could change. */
function picture(trained: Trained): unknown[] {
  const { optimizer, params, engine } = trained;
  const data = params.map((parameter) => parameter.data.slice());
  const groups = optimizer.paramGroups.map(({ params: list, ...options }) => ({ ...options, n: list.length }));
  return [data, buffersOf(trained), groups, engine.info.allocatedBytes, optimizer.stateDict(), optimizer.state.size];
}

/** Fails unless loading throws and leaves everything as it was. */
function refuses(trained: Trained, dict: unknown, message: RegExp): void {
  const before = picture(trained);
  const { paramGroups } = trained.optimizer;
  assert.throws(() => trained.optimizer.loadStateDict(dict as StateDict), message);
  assert.equal(picture(trained), before);
  assert.is(trained.optimizer.paramGroups, paramGroups);
}

test("what schedulers keep in groups is spelled as PyTorch does, and other keys stay as they are", () => {
  const trained = make();
  const [group] = trained.optimizer.paramGroups;
  const kept = { initialLr: 1, maxLr: 2, minLr: 3, maxMomentum: 4, baseMomentum: 5, swaLr: 6 };
  Object.assign(group, kept, { myKey: 7, other_key: 8 });
  const dict = trained.optimizer.stateDict();
  const { initial_lr, max_lr, min_lr, max_momentum, base_momentum, swa_lr } = dict.param_groups[0];
  assert.equal([initial_lr, max_lr, min_lr, max_momentum, base_momentum, swa_lr], Object.values(kept));
  assert.is(dict.param_groups[0].myKey, 7);
  for (const key of Object.keys(kept)) assert.not(key in dict.param_groups[0]);
  const other = make();
  other.optimizer.loadStateDict(dict);
  const loaded = other.optimizer.paramGroups[0];
  for (const [key, value] of Object.entries(kept)) assert.is(loaded[key], value);
  assert.is(loaded.other_key, 8);
  assert.not("initial_lr" in loaded);
});

test("has the keys, shapes and options of PyTorch's", () => {
  const trained = make();
  train(trained);
  const { state, param_groups } = trained.optimizer.stateDict();
  assert.equal(Object.keys(state), ["0", "1", "2"]);
  assert.equal(state[0].momentum_buffer!.shape, [2, 3]);
  assert.is(state[2].momentum_buffer!.dtype, "float32");
  assert.equal(state[2].momentum_buffer!.shape, []);
  const common = {
    momentum: 0.9,
    dampening: 0,
    weight_decay: 0,
    maximize: false,
    foreach: null,
    differentiable: false,
  };
  assert.equal(param_groups, [
    { ...common, lr: 0.05, nesterov: false, tag: { layer: "first" }, params: [0, 1] },
    { ...common, lr: 0.1, nesterov: true, params: [2, 3] },
  ]);
});

test("is carried by structuredClone unchanged", () => {
  const trained = make("float64");
  train(trained);
  const dict = trained.optimizer.stateDict();
  assert.equal(structuredClone(dict), dict);
});

test("is a snapshot, which neither later steps nor changes to it connect with the optimizer", () => {
  const trained = make();
  train(trained);
  const dict = trained.optimizer.stateDict();
  const copy = structuredClone(dict);
  train(trained);
  trained.optimizer.paramGroups[0].lr = 7;
  (trained.optimizer.paramGroups[0].tag as { layer: string }).layer = "changed";
  assert.equal(dict, copy);
  const before = picture(trained);
  dict.state[0].momentum_buffer!.data.fill(1);
  dict.param_groups[0].params.push(9);
  assert.equal(picture(trained), before);
});

test("does not stay connected with the optimizer that loaded it", () => {
  const [source, target] = [make(), make()];
  train(source);
  const dict = source.optimizer.stateDict();
  const copy = structuredClone(dict);
  target.optimizer.loadStateDict(dict);
  train(target);
  (target.optimizer.paramGroups[0].tag as { layer: string }).layer = "changed";
  assert.equal(dict, copy);
});

for (const dtype of ["float32", "float64"] as const) {
  test(`training goes on from a loaded ${dtype} dict with the same bits`, () => {
    const [source, target] = [make(dtype), make(dtype)];
    train(source, 3);
    target.params.forEach(({ data }, i) => {
      data.set(source.params[i].data);
    });
    target.optimizer.loadStateDict(source.optimizer.stateDict());
    for (const trained of [source, target]) train(trained, 2);
    target.params.forEach(({ data }, i) => {
      assertSameBits(data, source.params[i].data);
      record(`state dict ${dtype}`, data);
    });
  });
}

test("loading makes new groups, takes over their options and replaces the state", () => {
  const [source, target] = [make(), make()];
  train(source);
  source.optimizer.paramGroups[1].momentum = 0.25;
  const old = target.optimizer.paramGroups;
  target.params[3].grad = [1, 1, 1, 1];
  target.optimizer.step();
  target.optimizer.loadStateDict(source.optimizer.stateDict());
  assert.is.not(target.optimizer.paramGroups, old);
  assert.is.not(target.optimizer.paramGroups[0], old[0]);
  assert.is(target.optimizer.paramGroups[1].momentum, 0.25);
  assert.is(target.optimizer.paramGroups[0].params[0], target.params[0]);
  assert.equal([...target.optimizer.state.keys()], target.params.slice(0, 3));
});

test("keepHyperparameters takes over the state only", () => {
  const [source, target] = [make(), make()];
  train(source);
  source.optimizer.paramGroups[0].lr = 9;
  const { paramGroups } = target.optimizer;
  target.optimizer.loadStateDict(source.optimizer.stateDict(), { keepHyperparameters: true });
  assert.is(target.optimizer.paramGroups, paramGroups);
  assert.is(paramGroups[0].lr, 0.05);
  assert.equal(buffersOf(target), buffersOf(source));
});

test("parameters that all have names are matched by name, whatever their order", () => {
  const source = make("float32", ["a", "b", "c", "d"]);
  train(source);
  const dict = source.optimizer.stateDict();
  assert.equal(dict.param_groups[0].param_names, ["a", "b"]);
  const engine = createEngine({ rounding });
  const [b, a] = [engine.parameter([3], { name: "b" }), engine.parameter([2, 3], { name: "a" })];
  const [d, c] = [engine.parameter([4], { name: "d" }), engine.parameter([], { name: "c" })];
  const optimizer = new SGD([{ params: [b, a] }, { params: [d, c] }], { lr: 1 });
  optimizer.loadStateDict(dict);
  const buffers = buffersOf(source);
  assertSameBits(optimizer.state.get(a)!.momentumBuffer!, buffers[0]!);
  assertSameBits(optimizer.state.get(b)!.momentumBuffer!, buffers[1]!);
  assertSameBits(optimizer.state.get(c)!.momentumBuffer!, buffers[2]!);
  assert.not(optimizer.state.has(d));
});

test("names that do not fit are listed", () => {
  const source = make("float32", ["a", "b", "c", "d"]);
  train(source);
  const target = make("float32", ["a", "B", "c", "D"]);
  refuses(target, source.optimizer.stateDict(), /missing \["B","D"\], left over \["b","d"\]/);
});

test("parameters are matched by position where a name is missing", () => {
  const source = make("float32", ["a", "b", "c", "d"]);
  train(source);
  const target = make("float32", ["x", "y", "z", undefined]);
  target.optimizer.loadStateDict(source.optimizer.stateDict());
  assert.equal(buffersOf(target), buffersOf(source));
});

/** A dict for one parameter of three elements. */
function dictOf(buffer: TensorData | null): StateDict {
  const group = { lr: 1, momentum: 0.9, dampening: 0, weight_decay: 0, params: [0] };
  return { state: { 0: { momentum_buffer: buffer } }, param_groups: [group as never] };
}

function loadOne(dtype: DType, buffer: TensorData): FloatArray {
  const parameter = createEngine({ rounding }).parameter(3, { dtype });
  const optimizer = new SGD([parameter], { lr: 1 });
  optimizer.loadStateDict(dictOf(buffer));
  return optimizer.state.get(parameter)!.momentumBuffer!;
}

test("buffers of every type are converted to the parameter's", () => {
  const shape = [3];
  const wide = { dtype: "float64", shape, data: Float64Array.of(0.1, 1e300, -1e-50) } as const;
  assertSameBits(loadOne("float32", wide), [0.1, Number.POSITIVE_INFINITY, -0]);
  const single = { dtype: "float32", shape, data: Float32Array.of(0.1, -0, 1e-45) } as const;
  assertSameBits(loadOne("float64", single), [Math.fround(0.1), -0, 2 ** -149]);
  const half = { dtype: "float16", shape, data: Uint16Array.of(0x3555, 0x8001, 0xfc00) } as const;
  assertSameBits(loadOne("float32", half), [0x555 / 4096, -(2 ** -24), Number.NEGATIVE_INFINITY]);
  const brain = { dtype: "bfloat16", shape, data: Uint16Array.of(0x3fc0, 0x8000, 0x7fc0) } as const;
  assertSameBits(loadOne("float64", brain), [1.5, -0, Number.NaN]);
});

test("a dict that does not fit leaves everything as it was", () => {
  const source = make();
  train(source);
  const good = source.optimizer.stateDict();
  const [a] = [good.state[0].momentum_buffer!];
  const target = make();
  train(target, 1);
  const withBuffer = (index: number, buffer: unknown) => ({
    ...good,
    state: { ...good.state, [index]: { momentum_buffer: buffer } },
  });
  refuses(
    target,
    withBuffer(1, { ...a, shape: [2], data: new Float32Array(2) }),
    /state entry 1 has data of a different size: 2 elements of shape \[2\]/,
  );
  refuses(
    target,
    withBuffer(0, { ...a, shape: [3, 2] }),
    /state entry 0 has data of a different size: 6 elements of shape \[3,2\].*\[2,3\]/,
  );
  refuses(target, withBuffer(0, { ...a, data: new Float32Array(5) }), /5 elements/);
  refuses(target, withBuffer(2, { ...a, shape: [], dtype: "int8" }), /got int8 in/);
  refuses(
    target,
    withBuffer(2, { ...a, shape: [], data: [1] }),
    /must be float32, float64, float16 or bfloat16 in its typed array, got float32 in Array/,
  );
  refuses(target, { ...good, state: { 0: 3 } }, /state entry 0/);
  refuses(target, { ...good, param_groups: [good.param_groups[0]] }, /different number of parameter groups/);
  refuses(target, { ...good, param_groups: [good.param_groups[1], { ...good.param_groups[0], params: [0] }] }, /size/);
  refuses(target, { ...good, param_groups: good.param_groups.map((group) => ({ ...group, lr: "1" })) }, /lr/);
  refuses(target, { state: {} }, /^'param_groups'$|param_groups/);
  for (const shape of ["2,3", [[2, 3]], ["2", "3"], [2, 3, 1], undefined]) {
    refuses(target, withBuffer(0, { ...a, shape }), /state entry 0 has data of a different size: 6 elements/);
  }
  for (const dtype of ["constructor", "__proto__", undefined]) {
    refuses(target, withBuffer(0, { ...a, dtype }), /must be float32, float64/);
  }
  // What is inherited would not be taken over, and of two spellings the second would.
  const [{ momentum, ...rest }, second] = good.param_groups;
  const inherits = Object.assign(Object.create({ momentum }), rest);
  refuses(target, { ...good, param_groups: [inherits, second] }, /momentum of parameter group 0/);
  const twice = { ...good.param_groups[0], weightDecay: "abc" };
  refuses(target, { ...good, param_groups: [twice, second] }, /weightDecay of parameter group 0/);
});

test("entries whose index no group mentions are kept aside and written again", () => {
  const trained = make();
  train(trained);
  const dict = trained.optimizer.stateDict();
  const extra = { momentum_buffer: { dtype: "float32" as const, shape: [2], data: Float32Array.of(1, 2) } };
  dict.state[7] = extra;
  trained.optimizer.loadStateDict(dict);
  train(trained);
  assert.equal(trained.optimizer.stateDict().state[7], extra);
  assert.is(trained.optimizer.state.size, 3);
});

test("dicts of older versions without the newer options get their defaults", () => {
  const parameter = createEngine({ rounding }).parameter(3);
  const optimizer = new SGD([parameter], { lr: 1, momentum: 0.5, nesterov: true, foreach: true });
  optimizer.loadStateDict(dictOf(null));
  const { nesterov, maximize, foreach, differentiable } = optimizer.paramGroups[0];
  assert.equal(
    { nesterov, maximize, foreach, differentiable },
    {
      nesterov: false,
      maximize: false,
      foreach: null,
      differentiable: false,
    },
  );
  assert.is(optimizer.state.get(parameter)!.momentumBuffer, null);
});

test("running out of memory while loading leaves everything as it was", () => {
  const size = 9000;
  const engine = createEngine({ rounding, maximumBytes: 2 * 65536 });
  const params = [engine.parameter(size), engine.parameter(size)];
  const optimizer = new SGD(params, { lr: 1, momentum: 0.5 });
  const data = () => Float32Array.from({ length: size }, (_, i) => i);
  const buffer = () => ({ momentum_buffer: { dtype: "float32" as const, shape: [size], data: data() } });
  // Entries that are there already, without buffers, must be so afterwards.
  optimizer.paramGroups[0].momentum = 0;
  const dict = optimizer.stateDict();
  dict.state = { 0: { momentum_buffer: null } };
  optimizer.loadStateDict(dict);
  dict.state = { 0: buffer(), 1: buffer() };
  refuses({ engine, params, optimizer }, dict, /out of memory/);
  dict.state = { 0: buffer() };
  optimizer.loadStateDict(dict);
  assertSameBits(optimizer.state.get(params[0])!.momentumBuffer!, data());
});

test.run();
