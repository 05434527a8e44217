// How a result of this package's schedulers is compared with PyTorch's.

import * as assert from "uvu/assert";
import { bytesOf } from "../support/bits.js";
import { record } from "../support/context.js";
import { optionName, type ScheduleResult } from "./schedule.js";
import { sha256 } from "./sha256.js";

/** Python refuses these because 2.0 is no int and 1 no float, which are the same numbers here. */
export const TYPES_DIFFER = [
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

/** Learning rates, momenta and hashes bit for bit, states, groups, warnings, errors. @throws where they are others */
export function checkResult(
  actual: ScheduleResult,
  expected: ScheduleResult,
  every: number | undefined,
  where: string,
): void {
  checkError(actual, expected, where);
  checkRows(actual, expected, every, where);
  assert.equal(actual.warnings, expected.warnings, `${where}, warnings`);
  for (const key of ["bad", "cooldown", "best", "values", "last_epoch", "state", "groups"] as const) {
    assert.equal(plain(actual[key]), expected[key], `${where}, ${key}`);
  }
  // PyTorch 1.13's ReduceLROnPlateau has no get_last_lr.
  if (expected.last_lr) assert.equal(actual.last_lr, expected.last_lr, `${where}, last_lr`);
}
