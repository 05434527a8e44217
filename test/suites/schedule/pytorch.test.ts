// Every scheduler in 480 scenarios, against what PyTorch 1.13 did in them: learning rates and momenta bit for bit, state
// dicts, groups, warnings, errors. And the same against 2.14, but for what docs/schedules.md says of it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import file from "../../fixtures/data/schedulers.json.gz";
import fileOfPyTorch2 from "../../fixtures/data/schedulers_2.14.json.gz";
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
  // Texts are those of 1.13.
  if (expected.error === "ValueError" && expected.message)
    assert.is(actual.message, translated(expected.message), where);
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

/** What 2.14 keeps in states and groups under other names than 1.13, or beside it. */
const OF_PYTORCH2 = [
  "_anneal_strategy",
  "_anneal_func_type",
  "_scale_fn_ref",
  "_scale_fn_custom",
  "use_beta1",
  "default_min_lr",
  "fused",
];
/** Where 2.14 goes another way than 1.13, which is the reference. */
const DIFFERS: Record<string, RegExp> = {
  "a late group is an error": /^(LambdaLR|MultiplicativeLR|CosineAnnealingWarmRestarts).*add_group|^CyclicLR\/lists/,
  "lastEpoch does not change the learning rate":
    /^(MultiplicativeLR\/3|LinearLR\/1[67]|Exponential.*|PolynomialLR\/2[678]|CosineAnnealingLR.*|.*Restarts\/37|CyclicLR)\/resume$/,
  "the function counts at epoch 0": /^MultiplicativeLR\/3\/epochs/,
  "another scheduler starts at a milestone of 0": /^SequentialLR\/(6|last_epoch)/,
  "a step at a milestone is not counted and warns of nothing": /^SequentialLR\/[0134579]$/,
  "refuses in the constructor": /^LinearLR\/{'start_factor': 0}|^(SequentialLR|ChainedScheduler)\/plateau/,
  "has another error": /^OneCycleLR\/{'(epochs|steps_per_epoch)': 3}/,
  "keeps learning rates from the start, and includes a late group": /^ReduceLROnPlateau\/(before_step|epoch)/,
  "warns by whether the optimizer has ever stepped": /^warnings\/1/,
};

const withoutNames = (entries: object, names: string[]) =>
  Object.fromEntries(Object.entries(entries).filter(([key]) => !names.includes(key)));

/** A result as far as both versions have it. */
function inBoth({ message, state, groups, ...numbers }: ScheduleResult, type: string): ScheduleResult {
  const ofGroups = type === "CyclicLR" ? [...OF_PYTORCH2, "max_momentum", "base_momentum"] : OF_PYTORCH2;
  return {
    ...numbers,
    ...(state && { state: withoutNames(state, OF_PYTORCH2) }),
    ...(groups && { groups: groups.map((group) => withoutNames(group, ofGroups)) }),
  };
}

/** Throws at the first result that is another one. */
function checkPyTorch2({ name, ops, ...scenario }: ScheduleScenario): void {
  const [type] = name.split("/");
  const run = new ScheduleRun({ name, ops, ...scenario });
  (scenario.exact ?? scenario.result).forEach((result, i) => {
    const where = `2.14, ${name}, operation ${i}`;
    check(inBoth(run.perform(ops[i]), type), inBoth(result, type), ops[i].every, where);
  });
}

function hasDifference(scenario: ScheduleScenario): boolean {
  try {
    checkPyTorch2(scenario);
    return false;
  } catch {
    return true;
  }
}

test("PyTorch 2.14 has the same numbers but where it goes another way", () => {
  if (rounding === "separate") return;
  const different = Object.values(DIFFERS);
  for (const scenario of (fileOfPyTorch2 as { scenarios: ScheduleScenario[] }).scenarios) {
    if (TYPES_DIFFER.includes(scenario.name)) continue;
    if (!different.some((names) => names.test(scenario.name))) checkPyTorch2(scenario);
    else assert.ok(hasDifference(scenario), `${scenario.name} is as in 1.13`);
  }
});

test("has all scenarios", () => {
  for (const { scenarios: all } of [file, fileOfPyTorch2] as { scenarios: unknown[] }[]) assert.is(all.length, 480);
});

test.run();
