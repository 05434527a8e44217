// Every scheduler in 480 scenarios, against what PyTorch 1.13 did in them: learning rates and momenta bit for bit, state
// dicts, groups, warnings, errors.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import file from "../../fixtures/data/schedulers.json.gz";
import { optionName, type ScheduleResult, ScheduleRun, type ScheduleScenario } from "../../reference/schedule.js";
import { sha256 } from "../../reference/sha256.js";
import { bytesOf } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";

const { scenarios } = file as { scenarios: ScheduleScenario[] };
const test = suite("schedulers against PyTorch");

/** Python refuses these because 2.0 is no int and 1 no float, which are the same numbers here. */
const TYPES_DIFFER = [
  "CosineAnnealingWarmRestarts/{'T_0': 2.0}",
  "CosineAnnealingWarmRestarts/{'T_0': 3, 'T_mult': 2.0}",
  "OneCycleLR/{'total_steps': 10.0}",
  "OneCycleLR/{'total_steps': 10, 'pct_start': 1}",
];
const ERRORS: Record<string, string> = {
  ValueError: "RangeError",
  ZeroDivisionError: "RangeError",
  IndexError: "RangeError",
  TypeError: "TypeError",
  AttributeError: "TypeError",
  KeyError: "Error",
};
/** Texts that are kept speak of schedulers, in this language's names. */
const OTHER_TEXTS: Record<string, string> = {
  "mode is invalid and scale_fn is None": "mode square is invalid and scaleFn is null",
  "annealStrategy must by one of": "annealStrategy must be one of",
};

/** The text of a ValueError with this package's names in it. */
function translated(message: string): string {
  const text = (OTHER_TEXTS[message] ?? message).replace(/\b[A-Za-z]+(_[a-z\d]+)+\b/g, optionName);
  return Object.entries(OTHER_TEXTS).reduce((changed, [from, to]) => changed.replace(from, to), text);
}

/** As JSON writes it: numbers that are not finite are strings, maps are objects. */
function plain(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function checkRows(actual: ScheduleResult, expected: ScheduleResult, every: number | undefined, where: string): void {
  for (const key of ["lr", "momentum"] as const) {
    const rows = (actual[key] ?? []) as number[][];
    const shown = every === undefined ? rows : rows.filter((_, i) => (i + 1) % every === 0);
    assert.equal(plain(expected[key] === undefined ? [] : shown), expected[key] ?? [], `${where}, ${key}`);
    const hash = expected[`${key}_sha256`];
    const flat = Float64Array.from(rows.flat());
    if (hash !== undefined) assert.is(sha256(bytesOf(flat)), hash, `${where}, all ${key}`);
    record(`schedule/${where}/${key}`, flat);
  }
}

function checkError(actual: ScheduleResult, expected: ScheduleResult, where: string): void {
  assert.is(actual.error, expected.error && ERRORS[expected.error], `${where}: ${actual.message}`);
  if (expected.error === "ValueError") assert.is(actual.message, translated(expected.message!), where);
}

function check(actual: ScheduleResult, expected: ScheduleResult, every: number | undefined, where: string): void {
  checkError(actual, expected, where);
  checkRows(actual, expected, every, where);
  assert.equal(actual.warnings, expected.warnings, `${where}, warnings`);
  for (const key of ["bad", "cooldown", "best", "values", "last_epoch", "state", "groups"] as const) {
    assert.equal(plain(actual[key]), expected[key], `${where}, ${key}`);
  }
  // PyTorch 1.13's ReduceLROnPlateau has no get_last_lr.
  if (expected.last_lr) assert.equal(actual.last_lr, expected.last_lr, `${where}, last_lr`);
}

for (const type of new Set(scenarios.map(({ name }) => name.split("/")[0]))) {
  test(type, () => {
    // Schedules do not depend on the kernel: one rounding is enough.
    if (rounding === "separate") return;
    for (const scenario of scenarios.filter(({ name }) => name.split("/")[0] === type)) {
      if (TYPES_DIFFER.includes(scenario.name)) continue;
      const run = new ScheduleRun(scenario);
      const expected = scenario.exact ?? scenario.result;
      scenario.ops.slice(0, expected.length).forEach((operation, i) => {
        check(run.perform(operation), expected[i], operation.every, `${scenario.name}, operation ${i}`);
      });
    }
  });
}

test("has all scenarios", () => {
  assert.is(scenarios.length, 480);
});

test.run();
