// Runs to compare with: what was measured goes into a file, and a later run says what got slower.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Measurement } from "./support/measurement.js";
import { count, digits, type Table, times } from "./support/table.js";

interface Baseline {
  machine: string[];
  /** nanoseconds per run by `question | what | who` */
  entries: Record<string, { median: number; low: number; high: number }>;
}

/** Slower by less than this is noise, however narrow the quartiles are. */
const NOTICEABLE = 1.05;

export function recordBaseline(path: string, machine: string[], measurements: readonly Measurement[]): void {
  const entries = Object.fromEntries(
    measurements.map((one) => {
      const { median, low, high } = one.timing;
      return [keyOf(one), { median, low, high }];
    }),
  );
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ machine, entries } satisfies Baseline, null, 2)}\n`);
}

/** What is slower, and what is faster, by more than the rounds of either run varied: their middle halves do not overlap. */
export function compareWithBaseline(path: string, measurements: readonly Measurement[]): Table {
  const { machine, entries } = JSON.parse(readFileSync(path, "utf8")) as Baseline;
  const rows: string[][] = [];
  let compared = 0;
  for (const one of measurements) {
    const before = entries[keyOf(one)];
    if (before === undefined) continue;
    compared++;
    const { median, low, high } = one.timing;
    const slower = low > before.high && median > before.median * NOTICEABLE;
    const faster = high < before.low && before.median > median * NOTICEABLE;
    if (!slower && !faster) continue;
    rows.push([
      keyOf(one),
      digits(before.median),
      digits(median),
      times(median / before.median),
      slower ? "slower" : "faster",
    ]);
  }
  return {
    title: `Against the baseline: ${count(rows.length)} of ${count(compared)} measurements differ by more than noise`,
    head: ["", "ns before", "ns now", "now / before", ""],
    rows,
    notes: [`baseline: ${machine.join("; ")}`],
  };
}

function keyOf({ question, what, who }: Measurement): string {
  return `${question} | ${what} | ${who}`;
}
