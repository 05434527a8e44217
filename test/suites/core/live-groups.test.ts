// What a program may put among the live groups of an optimizer, and into their lists: what does not belong there is told apart by
// every call, and nothing is half done.

import { createEngine, type Parameter, SGD, type StateDict } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertSameBits } from "../../support/bits.js";
import { rounding } from "../../support/context.js";

const test = suite("live groups");
const engine = createEngine({ rounding });

interface Training {
  optimizer: SGD;
  parameter: Parameter;
  saved: StateDict;
}

function start(isStepped: boolean): Training {
  const parameter = engine.parameter(2, { data: [1, 2] });
  parameter.grad = [1, 1];
  const optimizer = new SGD([parameter], { lr: 1, momentum: 0.5 });
  if (isStepped) optimizer.step();
  return { optimizer, parameter, saved: optimizer.stateDict() };
}

const other = engine.parameter(1);
const disposed = engine.parameter(1);
disposed.dispose();

/** What is put where, and what messages say of it. */
const JUNK: readonly [what: RegExp, put: (optimizer: { paramGroups: unknown }) => unknown][] = [
  ...[null, undefined, 3, [], "group"].map((junk): (typeof JUNK)[number] => [
    /^optimizer\.paramGroups\[1\] must be a group, got (null|undefined|number|Array|string): add one with optimizer\.addParamGroup/,
    ({ paramGroups }) => (paramGroups as unknown[]).push(junk),
  ]),
  [/^optimizer\.paramGroups\[1\] must be a group, got undefined/, (o) => ((o.paramGroups as unknown[]).length = 2)],
  [
    /^optimizer\.paramGroups\[1\]\.params must be an array of parameters, got undefined/,
    ({ paramGroups }) => (paramGroups as unknown[]).push({}),
  ],
  [/^optimizer\.paramGroups must be an array of groups, got null/, (optimizer) => (optimizer.paramGroups = null)],
  [
    /^optimizer\.paramGroups must be an array of groups, got object/,
    (optimizer) => (optimizer.paramGroups = (optimizer.paramGroups as unknown[])[0]),
  ],
  ...[null, undefined, {}, new Float32Array(2), "w", ["w", engine.parameter(1)]].map((junk): (typeof JUNK)[number] => [
    /^optimizer\.paramGroups\[0\]\.params\[1\] must be a parameter, got (null|undefined|object|Float32Array|string|Array): one is made by engine\.parameter\(shape\)/,
    (optimizer) => paramsOf(optimizer).push(junk),
  ]),
  [/params\[1\] must be a parameter, got undefined/, (optimizer) => (paramsOf(optimizer).length = 2)],
  ...[null, undefined, 3, engine.parameter(1)].map((junk): (typeof JUNK)[number] => [
    /^optimizer\.paramGroups\[0\]\.params must be an array of parameters, got (null|undefined|number|a parameter)$/,
    ({ paramGroups }) => ((paramGroups as { params: unknown }[])[0].params = junk),
  ]),
];

function paramsOf({ paramGroups }: { paramGroups: unknown }): unknown[] {
  return (paramGroups as { params: unknown[] }[])[0].params;
}

const CALLS: Readonly<Record<string, (training: Training) => unknown>> = {
  step: ({ optimizer }) => optimizer.step(),
  "step with a closure": ({ optimizer }) => optimizer.step(() => 1),
  "step with a norm": ({ optimizer }) => optimizer.step({ maxGradNorm: 1, zeroGrad: true }),
  "step that may skip": ({ optimizer }) => optimizer.step({ skipNonfinite: true }),
  zeroGrad: ({ optimizer }) => optimizer.zeroGrad(),
  "zeroGrad to none": ({ optimizer }) => optimizer.zeroGrad({ setToNone: true }),
  stateDict: ({ optimizer }) => optimizer.stateDict(),
  loadStateDict: ({ optimizer, saved }) => optimizer.loadStateDict(saved),
  addParamGroup: ({ optimizer }) => optimizer.addParamGroup({ params: [other] }),
};

for (const isStepped of [false, true]) {
  test(`what is no group and no parameter is refused by every call ${isStepped ? "after" : "before"} a step`, () => {
    for (const [what, put] of JUNK) {
      for (const [name, call] of Object.entries(CALLS)) {
        const training = start(isStepped);
        const { parameter, optimizer } = training;
        const { size } = optimizer.state;
        const { allocatedBytes } = engine.info;
        const elements = parameter.data.slice();
        put(optimizer as { paramGroups: unknown });
        let error: unknown;
        try {
          call(training);
        } catch (thrown) {
          error = thrown;
        }
        assert.instance(error, TypeError, `${name}: ${what}`);
        assert.match((error as Error).message, what, `${name}: ${(error as Error).message}`);
        assertSameBits(parameter.data, elements, name);
        assertSameBits(parameter.grad!, [1, 1], name);
        assert.is(optimizer.state.size, size, name);
        assert.is(engine.info.allocatedBytes, allocatedBytes, name);
        assert.type(optimizer.toString(), "string");
        parameter.dispose();
      }
    }
  });
}

test("what was put there can be taken out again, and training goes on", () => {
  const { optimizer, parameter } = start(true);
  paramsOf(optimizer).push(null);
  optimizer.paramGroups.push(null as never);
  assert.throws(() => optimizer.step());
  optimizer.paramGroups.pop();
  paramsOf(optimizer).pop();
  optimizer.step();
  assertSameBits(parameter.data, [-1.5, -0.5]);
});

test("a disposed parameter in a list is named", () => {
  const { optimizer, parameter } = start(true);
  paramsOf(optimizer).push(disposed);
  assert.throws(() => optimizer.step(), /the parameter of shape \[1\] was disposed: take it out of its group/);
  assert.throws(() => optimizer.zeroGrad(), /the parameter of shape \[1\] was disposed/);
  assertSameBits(parameter.data, [0, 1]);
  parameter.dispose();
  assert.throws(() => optimizer.stateDict(), /the parameter of shape \[2\] was disposed/);
  assert.throws(() => optimizer.state.get(parameter)!.momentumBuffer, /was disposed/);
});

test("a Set in the place of a list is as good", () => {
  const { optimizer, parameter } = start(true);
  (optimizer.paramGroups[0] as { params: unknown }).params = new Set([parameter]);
  optimizer.step();
  optimizer.step();
  assertSameBits(parameter.data, [-3.25, -2.25]);
  assert.equal(optimizer.stateDict().param_groups[0].params, [0]);
});

test("of a frozen group a copy becomes the group, and the frozen one stays as it was", () => {
  const params = [engine.parameter(1)];
  for (const close of [Object.freeze, Object.seal, Object.preventExtensions]) {
    const group = close({ params: new Set(params), lr: 2 }) as unknown as { params: Parameter[]; lr: number };
    const { paramGroups } = new SGD([group], { lr: 1 });
    assert.equal(Object.keys(group), ["params", "lr"]);
    assert.instance(group.params, Set);
    assert.equal([paramGroups[0].params, paramGroups[0].lr, paramGroups[0].momentum], [params, 2, 0]);
    paramGroups[0].lr = 3;
  }
});

test.run();
