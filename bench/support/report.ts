// The table that most questions have: who, how long, how close to the limit, how much slower than we.

import { COPY, gigabytesPerSecond, type Measurement, nanosecondsPerElement } from "./measurement.js";
import { digits, percent, type Table, times } from "./table.js";
import { ratio } from "./timing.js";

/** One block of rows for every `what`; the first measurement of a block is ours. */
export function comparisonTable(title: string, measurements: readonly Measurement[]): Table {
  return {
    title,
    head: ["", "", "ns per step", "ns per element", "GB/s", "of copy", "time / ours"],
    rows: [...byWhat(measurements).values()].flatMap(blockRows),
    notes: [
      "GB/s counts what a step must read and write: parameter, gradient and momentum buffer in, parameter and buffer out. " +
        "copy is memmove within as much memory, which fetches the memory that it writes to besides: a loop that writes " +
        "what it has read can be faster.",
    ],
  };
}

/** A row for every `what`: what ours takes, and how many times as long the others take. */
export function summaryTable(measurements: readonly Measurement[]): Pick<Table, "head" | "rows"> {
  const blocks = [...byWhat(measurements.filter(({ who }) => who !== COPY)).values()];
  const [[ours, ...others]] = blocks;
  return {
    head: ["elements", `${ours.who}, ns per element`, ...others.map(({ who }) => who)],
    rows: blocks.map(([first, ...rest]) => [
      first.what,
      digits(nanosecondsPerElement(first)),
      ...rest.map((one) => times(ratio(one.timing, first.timing))),
    ]),
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
    ...(one === copy ? ["", ""] : [digits(one.timing.median), digits(nanosecondsPerElement(one))]),
    digits(gigabytesPerSecond(one)),
    copy ? percent(gigabytesPerSecond(one) / gigabytesPerSecond(copy)) : "",
    one === ours ? "1" : one === copy ? "" : times(ratio(one.timing, ours.timing)),
  ]);
}
