// Parameters by name: pairs, Maps and objects, groups by name, and state dicts matched by name or not.

import { createEngine, groupParameters, type Parameter, SGD, type StateDict } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { rounding } from "../../support/context.js";

const test = suite("names");

const NAMES = ["layer.weight", "layer.bias", "norm.weight"];

/** Parameters of one element each, whose gradients are 1, 2, 3. */
function parameters(own: readonly (string | undefined)[] = []): Parameter[] {
  const engine = createEngine({ rounding });
  return NAMES.map((_, i) => engine.parameter([1], { data: [0], ...(own[i] && { name: own[i] }) })).map((p, i) => {
    p.grad = [i + 1];
    return p;
  });
}

const pairsOf = (params: Parameter[], names = NAMES) => params.map((p, i): [string, Parameter] => [names[i], p]);
const namesIn = (dict: StateDict) => dict.param_groups.map(({ param_names }) => param_names);

/** A trained optimizer's dict whose buffers are 1, 2, 3. */
function trained(names: readonly string[] = NAMES): StateDict {
  const optimizer = new SGD(pairsOf(parameters(), [...names]), { lr: 1, momentum: 0.5 });
  optimizer.step();
  return optimizer.stateDict();
}

const buffersOf = (params: Parameter[], optimizer: SGD) =>
  params.map((p) => optimizer.state.get(p)?.momentumBuffer?.[0] ?? null);

test("come with parameters as pairs, as a Map and as an object, in their order, and are what a state dict says", () => {
  const params = parameters(["x", "y", "z"]);
  const pairs = pairsOf(params);
  function* generated() {
    yield* pairs;
  }
  for (const given of [pairs, new Map(pairs), Object.fromEntries(pairs), generated(), new Set(pairs)]) {
    const optimizer = new SGD(given, { lr: 1 });
    assert.equal(optimizer.paramGroups[0].params, params);
    assert.equal(namesIn(optimizer.stateDict()), [NAMES]);
  }
  for (const given of [pairs, new Map(pairs), Object.fromEntries(pairs), generated()]) {
    const optimizer = new SGD([{ params: given, lr: 1 }], {});
    assert.equal(optimizer.paramGroups[0].params, params);
    assert.equal(namesIn(optimizer.stateDict()), [NAMES]);
    assert.not("paramNames" in optimizer.paramGroups[0]);
  }
  assert.equal(namesIn(new SGD(params, { lr: 1 }).stateDict()), [["x", "y", "z"]]);
});

test("a Map keeps the order of names that look like integers", () => {
  const params = parameters();
  const optimizer = new SGD(new Map(pairsOf(params, ["10", "2", "w"])), { lr: 1 });
  assert.equal(optimizer.paramGroups[0].params, params);
});

test("are given to all parameters or to none, in a group and between groups", () => {
  const [a, b, c] = parameters(["a"]);
  const missing = /^all optimizer params should be with\/without names. Some param names are missing$/;
  const between = (way: string) =>
    new RegExp(
      `^all optimizer param groups should be with/without names. cannot add param group ${way} names to the optimizer$`,
    );
  assert.throws(() => new SGD([["b", b], c] as never, { lr: 1 }), missing);
  assert.throws(() => new SGD([c, ["b", b]] as never, { lr: 1 }), missing);
  assert.equal(namesIn(new SGD([a, ["b", b]] as never, { lr: 1 }).stateDict()), [["a", "b"]]);
  const named = new SGD([["b", b]], { lr: 1 });
  assert.throws(() => named.addParamGroup({ params: [c] }), between("without"));
  assert.is(named.paramGroups.length, 1);
  assert.throws(() => new SGD([c], { lr: 1 }).addParamGroup({ params: [["b", b]] }), between("with"));
  named.addParamGroup({ params: { c } });
  named.addParamGroup({ params: a });
  assert.equal(namesIn(named.stateDict()), [["b"], ["c"], ["a"]]);
});

test("that are no strings, and entries that are no parameters, are refused by name", () => {
  const [a] = parameters();
  const wrong: [unknown, RegExp][] = [
    [[[3, a]], /the name of a parameter must be a string, got number/],
    [new Map([[a, a]]), /the name of a parameter must be a string, got a parameter: a list of parameters is flat/],
    [[[a, a]], /the name of a parameter must be a string, got a parameter: a list of parameters is flat/],
    [{ w: [1, 2] }, /must hold parameters, got Array as "w"/],
    [
      { w: new Float32Array(2) },
      /got Float32Array as "w": a parameter is made by engine\.parameter\(shape, \{ data \}\)/,
    ],
    [{ layer: { w: a } }, /got object as "layer".*an object of them is flat/],
    [[["a", a, 3]], /got Array: a list of parameters is flat, with pairs as \[name, parameter\]/],
    [
      [new Proxy(a, {})],
      /must hold parameters, got a Proxy of one \(in Vue: pass toRaw\(parameter\), or make it with markRaw\)/,
    ],
    [{ w: new Proxy(a, {}) }, /must hold parameters, got a Proxy of one/],
    [[{ params: [a, new Proxy(a, {})] }], /must hold parameters, got a Proxy of one/],
    [{}, /optimizer got an empty parameter list/],
    [new Map(), /optimizer got an empty parameter list/],
  ];
  for (const [params, message] of wrong) assert.throws(() => new SGD(params as never, { lr: 1 }), message);
});

test("may be those of a module's exports", () => {
  const [a, b] = parameters();
  const module = Object.assign(Object.create(null, { [Symbol.toStringTag]: { value: "Module" } }), { a, b });
  const { param_names, params } = new SGD(module, { lr: 1 }).stateDict().param_groups[0];
  assert.equal(
    [param_names, params],
    [
      ["a", "b"],
      [0, 1],
    ],
  );
});

test("groupParameters takes the first rule that matches, and what none takes last", () => {
  const params = parameters();
  const model = Object.fromEntries(pairsOf(params));
  const groups = groupParameters(model, [
    { match: /norm/, lr: 3, note: "extra" },
    { match: /weight$/g, weightDecay: 0.5 },
  ]);
  const optimizer = new SGD(groups, { lr: 0.1, weightDecay: 5e-4 });
  assert.equal(
    optimizer.paramGroups.map(({ params: list, lr, weightDecay, note }) => [list, lr, weightDecay, note]),
    [
      [[params[2]], 3, 5e-4, "extra"],
      [[params[0]], 0.1, 0.5, undefined],
      [[params[1]], 0.1, 5e-4, undefined],
    ],
  );
  assert.equal(namesIn(optimizer.stateDict()), [["norm.weight"], ["layer.weight"], ["layer.bias"]]);
  for (const group of optimizer.paramGroups) assert.not("match" in group);
});

test("groupParameters makes no group of nothing, asks functions for names and parameters, and patterns always from the start", () => {
  const params = parameters();
  const all = groupParameters(new Map(pairsOf(params)), [{ match: (name, { size }) => name !== "" && size === 1 }]);
  assert.is(all.length, 1);
  const unnamed = groupParameters(params, [
    { match: (name, parameter) => name === "" && parameter === params[1], lr: 2 },
  ]);
  assert.equal(
    unnamed.map((group) => [...(group.params as Parameter[])]),
    [[params[1]], [params[0], params[2]]],
  );
  const sticky = /e/g;
  for (let i = 0; i < 3; i++) {
    const [{ params: taken }] = groupParameters(pairsOf(params), [{ match: sticky }]);
    assert.is([...(taken as Iterable<unknown>)].length, 3);
  }
  const own = parameters(NAMES);
  assert.is(groupParameters(own, [{ match: /bias/ }]).length, 2);
});

test("groupParameters refuses rules that match nothing, and parameters without the name that a pattern needs", () => {
  const params = parameters();
  const wrong: [unknown, unknown, RegExp][] = [
    [pairsOf(params), [{ match: /biass/ }], /rule 0 \(\/biass\/\) matches no parameter/],
    [
      pairsOf(params),
      [{ match: /weight/ }, { match: /norm/ }],
      /rule 1 \(\/norm\/\) matches no parameter that no rule before it takes/,
    ],
    [pairsOf(params), [{ match: () => false }], /rule 0 matches no parameter/],
    [params, [{ match: /bias/ }], /the parameter of shape \[1\] has no name for \/bias\/ to match/],
    [pairsOf(params), { match: /bias/ }, /rules must be a list, got object: write \[\{ match, … \}, …\]/],
    [pairsOf(params), undefined, /rules must be a list, got undefined/],
    [pairsOf(params), [{ match: "bias" }], /match of rule 0 must be a RegExp or a function, got string/],
    [pairsOf(params), [/bias/], /rule 0 must be an object/],
    [pairsOf(params), [{ match: /bias/, params: [] }], /rule 0 cannot have params/],
    [3, [{ match: /bias/ }], /params must be an array, a Map or an object of parameters, got number/],
  ];
  for (const [given, rules, message] of wrong) {
    assert.throws(() => groupParameters(given as never, rules as never), message);
  }
});

test("tell which state is whose, in any order", () => {
  const params = parameters();
  const optimizer = new SGD(pairsOf(params, ["norm.weight", "layer.weight", "layer.bias"]), { lr: 1 });
  optimizer.loadStateDict(trained());
  assert.equal(buffersOf(params, optimizer), [3, 1, 2]);
  optimizer.loadStateDict(trained(), { match: "name" });
  assert.equal(buffersOf(params, optimizer), [3, 1, 2]);
  optimizer.loadStateDict(trained(), { match: "position" });
  assert.equal(buffersOf(params, optimizer), [1, 2, 3]);
});

test("of which one side has none count only where they are demanded", () => {
  const params = parameters();
  const named = new SGD(pairsOf(params), { lr: 1 });
  const unnamed = new SGD(params, { lr: 1 });
  const dict = trained();
  unnamed.loadStateDict(dict);
  assert.equal(buffersOf(params, unnamed), [1, 2, 3]);
  assert.throws(
    () => unnamed.loadStateDict(dict, { match: "name" }),
    /match: "name" needs a name.*of the optimizer have none/,
  );
  unnamed.paramGroups[0].lr = 7;
  const without = unnamed.stateDict();
  assert.not("param_names" in without.param_groups[0]);
  named.loadStateDict(without);
  assert.is(named.paramGroups[0].lr, 7);
  assert.equal(namesIn(named.stateDict()), [NAMES], "the optimizer keeps its names");
  assert.throws(
    () => named.loadStateDict(without, { match: "name" }),
    /the loaded state dict has none \(param_names\)/,
  );
  const twice = trained(["a", "a", "b"]);
  assert.throws(() => named.loadStateDict(twice, { match: "name" }), /has the same one twice/);
  named.loadStateDict(twice);
  assert.equal(buffersOf(params, named), [1, 2, 3]);
});

test("that differ by what a wrapper puts in front of all of them are told to be ignored", () => {
  const params = parameters();
  for (const prefix of ["module.", "_orig_mod.", "module._orig_mod."]) {
    for (const [own, saved] of [
      [NAMES, NAMES.map((name) => prefix + name)],
      [NAMES.map((name) => prefix + name), NAMES],
    ]) {
      const optimizer = new SGD(pairsOf(params, own), { lr: 1 });
      const dict = trained(saved);
      assert.throws(
        () => optimizer.loadStateDict(dict),
        (error: Error) =>
          error instanceof RangeError &&
          error.message.endsWith(`only "${prefix}" in front of the names differs: match: "position" ignores them`),
      );
      assert.is(optimizer.state.size, 0);
      optimizer.loadStateDict(dict, { match: "position" });
      assert.equal(buffersOf(params, optimizer), [1, 2, 3]);
    }
  }
  assert.throws(
    () => new SGD(pairsOf(params), { lr: 1 }).loadStateDict(trained(["a", "b", "c"])),
    /missing \["layer\.weight".*left over \["a","b","c"\]; match: "position" ignores names/,
  );
});

test("options of loadStateDict are checked", () => {
  const optimizer = new SGD(parameters(), { lr: 1 });
  const dict = optimizer.stateDict();
  const wrong: [unknown, RegExp][] = [
    [{ match: "names" }, /match must be "auto", "name" or "position", got "names"/],
    [{ match: 1 }, /match must be .* got 1/],
    [{ matches: "name" }, /loadStateDict has no option 'matches'/],
    [{ keepHyperparameters: 1 }, /keepHyperparameters must be true or false, got number/],
    [null, /options of loadStateDict must be an object, got null/],
  ];
  for (const [options, message] of wrong) assert.throws(() => optimizer.loadStateDict(dict, options as never), message);
});

test.run();
