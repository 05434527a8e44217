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

/** Where the text is not PyTorch's: it names the option in the words of JavaScript, or says more after PyTorch's. */
const OTHER_TEXT: Readonly<Record<string, RegExp>> = {
  unknown_kw: /'fused'/,
  grad_wrong_shape: /^assigned grad has data of a different size: expected 2 elements \(shape \[2\]\), got 1$/,
  grad_wrong_dtype:
    /^assigned grad has data of a different type: expected Float32Array, got Float64Array: convert it with Float32Array.from\(grad\)$/,
  closure_not_callable: /^step takes a closure, options such as \{ maxGradNorm: 1 \}, or both, got number$/,
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
    const other = OTHER_TEXT[expected.name];
    if (other) assert.match(error.message, other);
    else assert.is(error.message, translated(expected.message!));
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
