// What misuse is told: what came, what was expected, what to write instead.

import { createEngine, Engine, Parameter, SGD, type StateDict } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { rounding } from "../../support/context.js";

const test = suite("messages");
const engine = createEngine({ rounding });
const parameter = engine.parameter(2);
const optimizer = new SGD([parameter], { lr: 1 });

// Named so that bundlers do not change it.
const Tensor = Object.defineProperty(class {}, "name", { value: "Tensor" });

function refuses(action: () => unknown, type: new () => Error, message: string): void {
  let error: unknown;
  try {
    action();
  } catch (thrown) {
    error = thrown;
  }
  assert.instance(error, type, message);
  assert.is((error as Error).message, message);
}

test("classes are not constructed", () => {
  refuses(
    () => new (Engine as never as new () => Engine)(),
    TypeError,
    "an engine is made by createEngine() or createThreadedEngine()",
  );
  const construct = Parameter as never as new (...args: unknown[]) => Parameter;
  for (const args of [[], [3], [createEngine(), 3], [createEngine(), 3, { data: [1, 2, 3] }]]) {
    refuses(() => new construct(...args), TypeError, "a parameter is made by engine.parameter(shape)");
  }
});

test("a parameter's name is a string", () => {
  for (const [name, got] of [
    [5, "number"],
    [null, "null"],
  ]) {
    const message = `the name of a parameter must be a string, got ${got}`;
    refuses(() => engine.parameter(2, { name: name as never }), TypeError, message);
  }
});

test("live properties are not assigned", () => {
  refuses(
    () => ((parameter as { data: unknown }).data = [1, 2]),
    TypeError,
    "data cannot be assigned, it is a live view: copy values in with parameter.data.set(values)",
  );
  refuses(
    () => ((optimizer as { state: unknown }).state = new Map()),
    TypeError,
    "state cannot be assigned: set an entry with optimizer.state.set(parameter, { momentumBuffer }), or all of it with " +
      "optimizer.loadStateDict(dict)",
  );
});

test("a learning rate is a number", () => {
  refuses(
    () => new SGD([parameter], { lr: (() => 0.1) as never }),
    TypeError,
    "lr must be a number, got function: for a schedule, set it in optimizer.paramGroups before each step",
  );
  refuses(
    () => new SGD([parameter], { lr: 1, momentum: [] as never }),
    TypeError,
    "momentum must be a number, got Array",
  );
});

test("values go to data, not to the shape", () => {
  const hint = "engine.parameter(shape, { data }) takes the values as data";
  refuses(
    () => engine.parameter(new Float32Array([1, 2, 3]) as never),
    TypeError,
    `a shape is an integer or an array of them, got Float32Array: ${hint}`,
  );
  refuses(
    () => engine.parameter(new Tensor() as never),
    TypeError,
    `a shape is an integer or an array of them, got Tensor: ${hint}`,
  );
  refuses(
    () => engine.parameter([3, -2]),
    RangeError,
    `a dimension must be an integer from 0 to 4294967296, got -2: ${hint}`,
  );
});

test("gradients are numbers of the parameter's type", () => {
  const assign = (grad: unknown) => () => {
    parameter.grad = grad as never;
  };
  refuses(assign(new Tensor()), TypeError, "grad must be an array of numbers, got Tensor");
  refuses(assign("ab"), TypeError, "grad must be an array of numbers, got string");
  refuses(
    assign(new Uint16Array([1, 2])),
    TypeError,
    'grad cannot be a Uint16Array, which may hold half precision: pass { dtype: "float16" or "bfloat16", shape, data } for bit ' +
      "patterns, Array.from(grad) for integers",
  );
});

test("misspelt options of groups are told the right ones, other keys are kept", () => {
  const wrong = {
    momentun: "momentum",
    Momentum: "momentum",
    momentums: "momentum",
    dampning: "dampening",
    weight_decay: "weightDecay",
    weightdecay: "weightDecay",
    wieghtDecay: "weightDecay",
    nestrov: "nesterov",
    maximise: "maximize",
    forEach: "foreach",
    differentiabel: "differentiable",
    fusde: "fused",
  };
  for (const [key, option] of Object.entries(wrong)) {
    const group = { params: [engine.parameter(1)], [key]: 0.5 };
    refuses(() => new SGD([group], { lr: 1 }), TypeError, `a parameter group has no option ${key}: write ${option}`);
    assert.equal(Object.keys(group), ["params", key], "nothing was filled in");
  }
  const kept = { name: 1, lrs: 2, tag: 3, initialLr: 4, maxMomentum: 5, baseMomentum: 6, note: 7, schedule: 8, use: 9 };
  const { paramGroups } = new SGD([{ params: [engine.parameter(1)], ...kept }], { lr: 1 });
  for (const [key, value] of Object.entries(kept)) assert.is(paramGroups[0][key], value);
});

test("state entries are checked, and the map is the optimizer's own", () => {
  const { state } = optimizer;
  refuses(() => state.set("p" as never, { momentumBuffer: null }), TypeError, "state is kept by parameter, got string");
  refuses(
    () => state.set(parameter, [1, 2] as never),
    TypeError,
    "a state entry must be an object { momentumBuffer }, got Array",
  );
  refuses(
    () => state.set(parameter, { momentumBuffer: [1] }),
    Error,
    "momentumBuffer of the parameter of shape [2] has 2 elements, got 1",
  );
  refuses(
    () => state.set(parameter, { momentumBuffer: "12" as never }),
    TypeError,
    "momentumBuffer must be an array of numbers, got string",
  );
  assert.is(state.size, 0);
  state.set(parameter, { momentumBuffer: [1, 2] });
  assert.equal([...state.get(parameter)!.momentumBuffer!], [1, 2]);
  state.get(parameter)!.momentumBuffer = [3, 4];
  assert.equal([...state.get(parameter)!.momentumBuffer!], [3, 4]);
  state.set(parameter, { momentumBuffer: null });
  assert.is(state.get(parameter)!.momentumBuffer, null);
  assert.is(optimizer.state, state);
});

test("what is no state dict is told apart", () => {
  const load = (dict: unknown) => () => optimizer.loadStateDict(dict as StateDict);
  optimizer.state.set(parameter, { momentumBuffer: [1, 2] });
  const dict = optimizer.stateDict();
  refuses(load(undefined), TypeError, "loadStateDict takes what stateDict() gives, got undefined");
  refuses(load(new Uint8Array(3)), TypeError, "loadStateDict takes what stateDict() gives, got Uint8Array");
  refuses(
    load({ model: {}, optimizer: dict }),
    Error,
    "loaded state dict has no param_groups: expected what stateDict() gives, which seems to be its optimizer",
  );
  refuses(
    load(JSON.parse(JSON.stringify(dict))),
    TypeError,
    "momentum_buffer of state entry 0 must be float32, float64, float16 or bfloat16 in its typed array, got float32 in object; " +
      "JSON has no typed arrays: keep tensors with encodeTorch or structuredClone",
  );
  refuses(
    load({ ...dict, param_groups: dict.param_groups.map((group) => ({ ...group, lr: tensor(1, 2) })) }),
    TypeError,
    "lr of parameter group 0 of the loaded state dict must be a number, got object",
  );
});

const tensor = (...values: number[]) => ({
  dtype: "float32",
  shape: values.length === 1 ? [] : [values.length],
  data: Float32Array.from(values),
});

test("tensors of one element are numbers where a state dict has them for options", () => {
  const dict = optimizer.stateDict() as unknown as { param_groups: Record<string, unknown>[] };
  const [group] = dict.param_groups;
  group.lr = tensor(0.1);
  group.momentum = { dtype: "float64", shape: [1], data: Float64Array.of(0.9) };
  group.weight_decay = { dtype: "bfloat16", shape: [], data: Uint16Array.of(0x3f80) };
  group.dampening = { dtype: "int64", shape: [], data: BigInt64Array.of(0n) };
  group.initial_lr = tensor(0.25);
  const other = new SGD([engine.parameter(2)], { lr: 1, fused: true });
  assert.is(other.paramGroups[0].fused, true);
  other.loadStateDict(dict as never);
  const { lr, momentum, weightDecay, dampening, initialLr } = other.paramGroups[0];
  assert.equal([lr, momentum, weightDecay, dampening, initialLr], [Math.fround(0.1), 0.9, 1, 0, 0.25]);
});

test("fused is accepted, kept and without effect", () => {
  const params = [null, true, false, undefined].map((fused) => {
    const p = engine.parameter(2, { data: [1, 2] });
    p.grad = [1, 1];
    const sgd = new SGD([p], { lr: 0.5, ...(fused !== undefined && { fused }) });
    assert.is("fused" in sgd.paramGroups[0], fused !== undefined);
    assert.is(sgd.stateDict().param_groups[0].fused, fused);
    sgd.step();
    return p;
  });
  for (const { data } of params) assert.equal([...data], [0.5, 1.5]);
});

test("a state dict of PyTorch 2 without buffers loads", () => {
  const sgd = new SGD([engine.parameter(2)], { lr: 1 });
  const dict = sgd.stateDict();
  sgd.loadStateDict({ ...dict, state: { 0: {} as never } });
  assert.is([...sgd.state.values()][0].momentumBuffer, null);
});

test.run();
