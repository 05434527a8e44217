// What the optimizer says to right and wrong arguments, against what PyTorch says.

import { createEngine, SGD } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import file from "../../fixtures/data/errors.json";
import { CASES, LEFT_OUT, TEXTS } from "../../reference/error-cases.js";
import { camelCase } from "../../reference/spelling.js";

interface Case {
  name: string;
  py: string;
  ok: boolean;
  error?: string;
  message?: string;
  warnings?: { message: string }[];
  groups?: Record<string, unknown>[];
}

const cases = file.cases as unknown as Case[];

const TYPES: Readonly<Record<string, string>> = {
  ValueError: "RangeError",
  TypeError: "TypeError",
  AssertionError: "TypeError",
  KeyError: "Error",
  RuntimeError: "Error",
};

/** Where PyTorch's text speaks of Python, or says less: what came, what was expected, what to write. */
const OTHER_TEXT: Readonly<Record<string, string>> = {
  lr_none: "lr must be a number, got null",
  lr_str: "lr must be a number, got string: convert it with Number()",
  tensor_params: "params must be a list of parameters or groups, got one parameter: write new SGD([parameter], …)",
  double_tensor_params:
    "params must be a list of parameters or groups, got one parameter: write new SGD([parameter], …)",
  dict_params_top: "params must be a list of parameters or groups, got one group: write new SGD([{ params, … }], …)",
  none_params: "params must be an array, a Map or an object of parameters, got null",
  int_params: "params must be an array, a Map or an object of parameters, got number",
  str_in_list:
    "params of parameter group 0 must hold parameters, got string: a parameter is made by engine.parameter(shape)",
  int_in_list:
    "params of parameter group 0 must hold parameters, got number: a parameter is made by engine.parameter(shape)",
  float_in_list:
    "params of parameter group 0 must hold parameters, got number: a parameter is made by engine.parameter(shape)",
  none_in_list:
    "params of parameter group 0 must hold parameters, got null: a parameter is made by engine.parameter(shape)",
  list_in_list:
    "params of parameter group 0 must hold parameters, got Array: a list of parameters is flat, with pairs as [name, parameter]",
  tensor_then_dict:
    "params of parameter group 0 must hold parameters, got object: parameters are made by engine.parameter(shape), and an " +
    "object of them is flat",
  dict_then_tensor: "a parameter group must be an object { params, … }, got a parameter",
  group_no_params: "parameter group 0 has no params: write { params: [parameter, …], … }",
  group_params_none: "params of parameter group 0 must be a list of parameters, got null",
  group_str_params: "params of parameter group 0 must be an array, a Map or an object of parameters, got string",
  add_group_notdict_list: "a parameter group must be an object { params, … }, got Array",
  add_group_tensor: "a parameter group must be an object { params, … }, got a parameter",
  load_empty: "loaded state dict has no param_groups: expected what stateDict() gives",
  load_nostate: "loaded state dict has no state: expected what stateDict() gives",
  load_none: "loadStateDict takes what stateDict() gives, got null",
  closure_not_callable: "step takes a closure, options such as { maxGradNorm: 1 }, or both, got number",
  grad_wrong_shape: "assigned grad has data of a different size: expected 2 elements (shape [2]), got 1",
  grad_wrong_dtype:
    "assigned grad has data of a different type: expected Float32Array, got Float64Array: convert it with Float32Array.from(grad)",
};

const test = suite("errors");

/** A message with JavaScript's names of options and numbers. */
function translated(message: string): string {
  return message.replace("weight_decay", "weightDecay").replace("-inf", "-Infinity");
}

function withWarnings<T>(run: () => T): { result: T; warnings: string[] } {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (message: string) => warnings.push(message);
  try {
    return { result: run(), warnings };
  } finally {
    console.warn = warn;
  }
}

function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("did not throw");
}

function checkAccepted({ name, groups, warnings = [] }: Case): void {
  const { result, warnings: warned } = withWarnings(CASES[name]);
  assert.equal(
    warned,
    warnings.map(({ message }) => message),
  );
  if (!groups) return;
  assert.instance(result, SGD);
  const actual = (result as SGD).paramGroups.map(({ params, ...options }) => ({ ...options, n_params: params.length }));
  const expected = groups.map((group) =>
    Object.fromEntries(
      Object.entries(camelCase(group)).map(([key, value]) => [key, JSON_NUMBERS.get(String(value)) ?? value]),
    ),
  );
  assert.equal(actual, expected);
  const order = (list: object[]) => list.map((group) => Object.keys(group).filter((key) => key !== "n_params"));
  assert.equal(order(actual), order(expected));
}

const JSON_NUMBERS = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

for (const expected of cases.filter(({ name }) => name in CASES)) {
  test(`${expected.py} ${expected.ok ? "is accepted" : `is a ${expected.error}`}`, () => {
    if (expected.ok) {
      checkAccepted(expected);
      return;
    }
    const error = thrownBy(CASES[expected.name]);
    assert.is(error.name, TYPES[expected.error!]);
    assert.is(error.constructor.name, TYPES[expected.error!]);
    assert.is(error.message, OTHER_TEXT[expected.name] ?? translated(expected.message!));
  });
}

test("no case of PyTorch's is forgotten", () => {
  const known = [...Object.keys(CASES), ...Object.keys(LEFT_OUT)].sort();
  assert.equal(known, cases.map(({ name }) => name).sort());
});

test("a Set of parameters is accepted in a group, in its order", () => {
  const engine = createEngine();
  const params = [3, 1, 2].map((size) => engine.parameter(size));
  const { paramGroups } = new SGD([{ params: new Set(params) }], { lr: 0.1 });
  assert.equal(
    paramGroups[0].params.map(({ size }) => size),
    [3, 1, 2],
  );
});

for (const { py, repr } of file.repr) {
  test(`the text of ${py} is PyTorch's`, () => {
    const expected = repr.replace(/^( {4}\w+: )(.*)$/gm, (_, key: string, value: string) => {
      return key.replace("weight_decay", "weightDecay") + javaScript(value);
    });
    assert.is(String(TEXTS[py]()), expected);
  });
}

/** A value as JavaScript writes it. */
function javaScript(value: string): string {
  const words: Record<string, string> = { True: "true", False: "false", None: "null", nan: "NaN", inf: "Infinity" };
  return words[value] ?? (Number.isNaN(Number(value)) ? value : String(Number(value)));
}

test.run();
