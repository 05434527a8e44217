// From reports to a table, failures, and a count that can be trusted.

import { maySkip } from "./skips.mjs";
import { table } from "./table.mjs";

const DIGEST_DIGITS = 16;

/** A run of one bundle on one runtime, counted. A crash, a hang or an empty file is a failure of its own. */
export function settle(about, report) {
  if (report.error) {
    const failure = { test: "the whole run", error: String(report.error?.message ?? report.error) };
    return {
      ...about,
      kernel: "",
      why: "",
      digest: "",
      records: {},
      passed: 0,
      skipped: 0,
      total: 0,
      failures: [failure],
    };
  }
  const { results, empty, ...rest } = report;
  const failures = results
    .filter(({ status }) => status !== "passed" && status !== "skipped")
    .map(({ file, suite, test, status, error }) => ({
      test: `${file}: ${suite}: ${test}`,
      error: error ?? (status === "running" ? "never finished" : "never ran: is run() missing, or did a hook throw?"),
    }));
  failures.push(...empty.map((file) => ({ test: file, error: "registers no test" })));
  failures.push(...wrongSkips(about, results));
  if (report.crash) failures.push({ test: "the whole run", error: "ended with an error after the last test" });
  const count = (wanted) => results.filter(({ status }) => status === wanted).length;
  return {
    ...about,
    ...rest,
    results,
    passed: count("passed"),
    skipped: count("skipped"),
    total: results.length,
    failures,
  };
}

function wrongSkips(about, results) {
  return results
    .filter((result) => result.status === "skipped" && !maySkip(about, result))
    .map(({ file, test }) => ({
      test: `${file}: ${test}`,
      error: `is skipped, which test/harness/skips.mjs does not allow on ${about.name}, ${about.way}`,
    }));
}

/**
 * What is wrong between runs of the same bundle: numbers of tests or digests that differ; suites' tests that every run
 * skips, if these are `all` runs.
 */
export function compareRuns(runs, all) {
  const problems = all ? skippedEverywhere(runs) : [];
  for (const group of Object.values(groupBy(runs, key))) {
    const whole = group.filter(({ total }) => total > 0);
    const most = Math.max(...whole.map(({ total }) => total));
    for (const { title, way, rounding, total } of whole) {
      if (total < most) problems.push(`${title} (${way}) has ${total} tests in ${rounding}, others have ${most}`);
    }
    problems.push(...compareDigests(whole));
  }
  return problems;
}

function skippedEverywhere(runs) {
  const run = new Set();
  const skipped = new Set();
  for (const { results = [] } of runs.filter(({ name }) => name !== "package")) {
    for (const { file, test, status } of results) (status === "skipped" ? skipped : run).add(`${file}: ${test}`);
  }
  return [...skipped].filter((test) => !run.has(test)).map((test) => `${test} is skipped in every run`);
}

/** Runs with a group of their own are other tests than the suites. */
const key = ({ name, rounding, group }) => group ?? (name === "package" ? name : rounding);

function groupBy(items, keyOf) {
  const groups = {};
  for (const item of items) {
    const name = keyOf(item);
    groups[name] = [...(groups[name] ?? []), item];
  }
  return groups;
}

/** One problem for each digest that is not the most frequent one. */
function compareDigests(runs) {
  const groups = Object.values(groupBy(runs, ({ digest }) => digest)).sort((a, b) => b.length - a.length);
  return groups.slice(1).map((group) => {
    const [expected, actual] = [groups[0][0].records, group[0].records];
    const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])];
    const different = names.filter((name) => expected[name] !== actual[name]);
    return (
      `digest ${group[0].digest} of ${group[0].rounding} on ${titles(group)}, but ${groups[0][0].digest} on ` +
      `${titles(groups[0])}; ${different.length} records differ: ${different.slice(0, 5).join(" | ")}`
    );
  });
}

const titles = (runs) => runs.map(({ title, way }) => `${title} (${way})`).join(", ");

/** Prints a table of the runs, and their outcome; returns the number of failures. */
export function printRuns(runs, { problems, missing, verbose }) {
  if (verbose) for (const run of runs) printTests(run);
  print("");
  printTable(runs);
  for (const { title, get } of missing) print(`missing: ${title} (${get})`);
  return printOutcome(runs, problems);
}

/** Prints what failed and what was skipped, the last line being `N passed, N failed`; returns the number of failures. */
export function printOutcome(runs, problems = []) {
  printSkipped(runs);
  printFailures(runs);
  for (const problem of problems) print(`\nFAILED ${problem}`);
  const passed = runs.reduce((sum, run) => sum + run.passed, 0);
  const failed = runs.reduce((sum, run) => sum + run.failures.length, problems.length);
  print(`\n${passed} passed, ${failed} failed`);
  return failed;
}

/** Runs that skip the same tests are named together. */
function printSkipped(runs) {
  const groups = new Map();
  for (const { results = [], title, way } of runs) {
    const skipped = results.filter(({ status }) => status === "skipped").map(({ file, test }) => `${file}: ${test}`);
    if (skipped.length === 0) continue;
    const key = skipped.join("\n  ");
    groups.set(key, (groups.get(key) ?? new Set()).add(`${title} (${way})`));
  }
  for (const [tests, where] of groups) print(`\nskipped on ${[...where].join(", ")}:\n  ${tests}`);
}

/** A test that fails in the same way in several runs is shown once, with the stack of the first. */
function printFailures(runs) {
  const failures = runs.flatMap((run) => run.failures.map((failure) => ({ run, ...failure })));
  const messages = groupBy(failures, ({ test, error }) => `${test}\n${error.split(/\n\s*at |\n\S*@/, 1)[0]}`);
  for (const group of Object.values(messages)) {
    const [{ test, error }] = group;
    const where = placesOf(
      group.map(({ run }) => run),
      runs,
    );
    print(`\nFAILED ${test}\n  on ${where}\n    ${error.replaceAll("\n", "\n    ")}`);
  }
}

/** `Bun 1.2 (fused)`: the runs of each runtime, without the ways when it is all of them. */
function placesOf(some, all) {
  const places = Object.values(groupBy(some, ({ name, rounding }) => `${name} ${rounding}`)).map((runs) => {
    const [{ name, title, version, rounding }] = runs;
    const ways = runs.map(({ way }) => way);
    const isAll = ways.length === all.filter((run) => run.name === name && run.rounding === rounding).length;
    return `${title} ${version} (${isAll ? rounding : `${rounding}: ${ways.join(", ")}`})`;
  });
  return places.join(", ");
}

function printTests({ title, way, rounding, results = [] }) {
  print(`\n${title}, ${way}, ${rounding}`);
  for (const { file, suite, test, status, milliseconds } of results) {
    print(`  ${status.padEnd(7)} ${String(milliseconds).padStart(6)} ms  ${file}: ${suite}: ${test}`);
  }
}

function printTable(runs) {
  const rows = runs.map((run) => [
    run.title,
    run.version,
    run.way,
    run.rounding,
    run.kernel,
    run.why,
    `${run.passed}/${run.total}`,
    run.skipped ? String(run.skipped) : "",
    run.digest.slice(0, DIGEST_DIGITS),
    `${(run.milliseconds / 1000).toFixed(1)} s`,
  ]);
  const head = ["runtime", "version", "way", "rounding", "kernel", "why", "passed", "skipped", "digest", "time"];
  print(table(head, rows));
}

/** For README.md: a row for each runtime. */
export function summary(runs) {
  const groups = Object.values(groupBy(runs, ({ name }) => name)).filter(([{ name }]) => name !== "package");
  const rows = groups.map((all) => {
    const [{ title, version, kernel, why }] = all;
    const digestOf = (wanted) => all.find(({ rounding, group }) => rounding === wanted && !group).digest;
    const ways = [...new Set(all.map(({ way }) => way))].join(", ");
    const passed = all.reduce((sum, run) => sum + run.passed, 0);
    return [title, version, `${kernel}: ${why}`, ways, String(passed), digestOf("fused"), digestOf("separate")];
  });
  const head = ["runtime", "version", "multiply-add", "ways", "tests passed", "digest, fused", "digest, separate"];
  return table(head, rows);
}

const print = (text) => process.stdout.write(`${text}\n`);
