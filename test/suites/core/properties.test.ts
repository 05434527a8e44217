// Any sequence of operations gives what the model of the specification gives, bit for bit, after each of them.

import fc from "fast-check";
import { createEngine, type Parameter, SGD, type StateDict } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULTS, Model, type ModelParameter, type Options, type Saved } from "../../reference/model.js";
import { assertSameBits, type FloatArray } from "../../support/bits.js";
import { rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

/** Other ones, where there is an environment: SGD_PROPERTY_SEED=7 SGD_PROPERTY_RUNS=100000 npm run test:node -- properties */
const environment = globalThis.process?.env ?? {};
const SEED = Number(environment.SGD_PROPERTY_SEED ?? 20221215);
const RUNS = Number(environment.SGD_PROPERTY_RUNS ?? 400);
const PAGE = 65536;

type DType = "float32" | "float64";

type Operation =
  | { do: "add group"; dtype: DType; sizes: number[]; options: Partial<Options> }
  | { do: "set option"; group: number; option: Partial<Options> }
  | { do: "set gradient"; parameter: number; seed: number }
  | { do: "drop gradient"; parameter: number }
  | { do: "step"; zeroGrad?: boolean; gradScale?: number }
  | { do: "zero"; setToNone: boolean }
  | { do: "save" | "load"; slot: number }
  | { do: "dispose"; parameter: number }
  | { do: "grow" };

const option = fc.oneof(
  fc.record({ lr: fc.constantFrom(0.1, 0.003, 1, 0, -0, -0.5) }),
  fc.record({ momentum: fc.constantFrom(0, 0.9, 0.5, 1, -0.5, Number.POSITIVE_INFINITY, Number.NaN) }),
  fc.record({ dampening: fc.constantFrom(0, 0.1, 1, -1) }),
  fc.record({ weightDecay: fc.constantFrom(0, 0.01, 2) }),
  fc.record({ nesterov: fc.boolean() }),
  fc.record({ maximize: fc.boolean() }),
  fc.record({ foreach: fc.constantFrom(null, false, true) }),
) as fc.Arbitrary<Partial<Options>>;

const index = fc.nat(1000);
const dtype = fc.constantFrom<DType>("float32", "float64");
const sizes = fc.array(fc.nat(19), { minLength: 0, maxLength: 3 });
const options = fc.array(option, { maxLength: 4 }).map((list) => Object.assign({}, ...list) as Partial<Options>);
const setGradient = fc.record({ do: fc.constant("set gradient" as const), parameter: index, seed: fc.nat() });

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ do: fc.constant("add group" as const), dtype, sizes, options }),
  fc.record({ do: fc.constant("set option" as const), group: index, option }),
  { arbitrary: setGradient, weight: 4 },
  fc.record({ do: fc.constant("drop gradient" as const), parameter: index }),
  { arbitrary: fc.constant({ do: "step" as const }), weight: 4 },
  fc.record({ do: fc.constant("step" as const), zeroGrad: fc.boolean(), gradScale: fc.constantFrom(0.1, -2, 1e-40) }),
  fc.record({ do: fc.constant("zero" as const), setToNone: fc.boolean() }),
  fc.record({ do: fc.constantFrom("save" as const, "load" as const), slot: fc.nat(1) }),
  fc.record({ do: fc.constant("dispose" as const), parameter: index }),
  fc.constant({ do: "grow" as const }),
);

/** The optimizer and its model side by side. */
class Pair {
  readonly #engine = createEngine({ rounding });
  readonly #model = new Model(rounding);
  readonly #optimizer: SGD;
  readonly #real = new Map<ModelParameter, Parameter>();
  readonly #slots: ({ saved: Saved; dict: StateDict } | undefined)[] = [];

  constructor() {
    this.#optimizer = new SGD([{ params: [] }], { lr: DEFAULTS.lr });
    this.#model.groups.push({ options: { ...DEFAULTS }, params: [] });
  }

  perform(operation: Operation): void {
    switch (operation.do) {
      case "add group":
        this.#addGroup(operation);
        break;
      case "set option":
        this.#setOption(operation.group, operation.option);
        break;
      case "set gradient":
        this.#setGradient(operation.parameter, operation.seed);
        break;
      case "drop gradient":
        this.#setGradient(operation.parameter, null);
        break;
      case "step": {
        const { do: _, ...stepOptions } = operation;
        this.#optimizer.step(undefined, stepOptions);
        this.#model.step(stepOptions);
        break;
      }
      case "zero":
        this.#optimizer.zeroGrad(operation.setToNone);
        this.#model.zeroGrad(operation.setToNone);
        break;
      case "save":
        this.#slots[operation.slot] = { saved: this.#model.save(), dict: this.#optimizer.stateDict() };
        break;
      case "load":
        this.#load(operation.slot);
        break;
      case "dispose":
        this.#dispose(operation.parameter);
        break;
      case "grow":
        this.#grow();
        break;
    }
  }

  /** Everything that can be seen, compared. */
  check(): void {
    const { paramGroups, state } = this.#optimizer;
    this.#model.groups.forEach(({ options: expected, params }, i) => {
      const { params: list, ...actual } = paramGroups[i];
      assert.equal(actual, { ...expected, differentiable: false });
      assert.equal(
        list,
        params.map((parameter) => this.#real.get(parameter)),
      );
    });
    for (const parameter of this.#model.params) {
      const real = this.#real.get(parameter)!;
      assertSameBits(real.data, parameter.data, "data");
      same(real.grad, parameter.grad, "grad");
      assert.is(state.has(real), parameter.state !== undefined);
      same(state.get(real)?.momentumBuffer ?? null, parameter.state?.buffer ?? null, "momentum buffer");
    }
  }

  #addGroup({ dtype, sizes, options }: Extract<Operation, { do: "add group" }>): void {
    const params = sizes.map((size) => {
      const data = values(mulberry32(size), size, dtype);
      const parameter = { dtype, data: [...data], grad: null, state: undefined };
      this.#real.set(parameter, this.#engine.parameter(size, { dtype, data }));
      return parameter;
    });
    this.#optimizer.addParamGroup({ params: params.map((parameter) => this.#real.get(parameter)!), ...options });
    this.#model.groups.push({ options: { ...DEFAULTS, ...options }, params });
  }

  #setOption(group: number, option: Partial<Options>): void {
    const i = group % this.#model.groups.length;
    Object.assign(this.#model.groups[i].options, option);
    Object.assign(this.#optimizer.paramGroups[i], option);
  }

  #pick(parameter: number): ModelParameter | undefined {
    const { params } = this.#model;
    return params[parameter % params.length];
  }

  #setGradient(index: number, seed: number | null): void {
    const parameter = this.#pick(index);
    if (!parameter) return;
    const gradient = seed === null ? null : values(mulberry32(seed), parameter.data.length, parameter.dtype);
    // Now and then a zero of either sign, or a number that ends all others.
    if (gradient && seed! % 3 === 0) gradient[0] = [-0, 0, 1e-45, 3e38, Number.POSITIVE_INFINITY][seed! % 5];
    parameter.grad = gradient && [...gradient];
    this.#real.get(parameter)!.grad = gradient;
  }

  #load(slot: number): void {
    const stored = this.#slots[slot];
    if (!stored) return;
    if (this.#model.fits(stored.saved)) {
      this.#optimizer.loadStateDict(stored.dict);
      this.#model.load(stored.saved);
    } else {
      assert.throws(() => this.#optimizer.loadStateDict(stored.dict));
    }
  }

  #dispose(index: number): void {
    const parameter = this.#pick(index);
    if (!parameter) return;
    const real = this.#real.get(parameter)!;
    real.dispose();
    for (const group of this.#model.groups) group.params = group.params.filter((other) => other !== parameter);
    for (const group of this.#optimizer.paramGroups) group.params = group.params.filter((other) => other !== real);
  }

  #grow(): void {
    const { byteLength } = this.#engine.memory.buffer;
    // More than is free, wherever the holes are.
    const bytes = byteLength - this.#engine.info.allocatedBytes + PAGE;
    this.#engine.parameter(bytes / 4).dispose();
    assert.ok(this.#engine.memory.buffer.byteLength > byteLength);
  }
}

function same(actual: FloatArray | null, expected: number[] | null, what: string): void {
  if (actual === null || expected === null) assert.is(actual, expected, what);
  else assertSameBits(actual, expected, what);
}

const test = suite("properties");

test("random sequences of operations give what the model gives", () => {
  const property = fc.property(fc.array(operation, { maxLength: 40, size: "max" }), (operations) => {
    const pair = new Pair();
    pair.perform({ do: "add group", dtype: "float32", sizes: [5, 16], options: { momentum: 0.9 } });
    for (const operation of operations) {
      pair.perform(operation);
      pair.check();
    }
  });
  // On failure fast-check says the seed, the path and the shortest sequence that fails.
  fc.assert(property, { seed: SEED, numRuns: RUNS });
});

test.run();
