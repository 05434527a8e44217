// The table that most questions have: who, how long, how close to the limit, how much slower than we.

import { COPY, gigabytesPerSecond, type Measurement, nanosecondsPerElement } from "./measurement.js";
import { digits, percent, type Table, times } from "./table.js";
import { ratio } from "./timing.js";

/** One block of rows for every `what`; the first measurement of a block is ours. */
export function comparisonTable(title: string, measurements: readonly Measurement[], notes: string[] = []): Table {
  return {
    title,
    head: ["", "", "ns per step", "ns per element", "GB/s", "of copy", "time / ours"],
    rows: [...byWhat(measurements).values()].flatMap(blockRows),
    notes,
  };
}

export function byWhat(measurements: readonly Measurement[]): Map<string, Measurement[]> {
  const blocks = new Map<string, Measurement[]>();
  for (const one of measurements) blocks.set(one.what, [...(blocks.get(one.what) ?? []), one]);
  return blocks;
}

function blockRows(block: readonly Measurement[]): string[][] {
  const [ours] = block;
  const copy = block.find(({ who }) => who === COPY);
  return block.map((one, i) => [
    i === 0 ? one.what : "",
    one.who,
    digits(one.timing.median),
    digits(nanosecondsPerElement(one)),
    digits(gigabytesPerSecond(one)),
    copy ? percent(gigabytesPerSecond(one) / gigabytesPerSecond(copy)) : "",
    one === ours ? "1" : times(ratio(one.timing, ours.timing)),
  ]);
}
