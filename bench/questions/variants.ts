// Do the other forms of the rule, and float64, do as well against C as the one of the main table?

import { RULES, type Rule } from "../../test/support/rules.js";
import { MOMENTUM, type Workload } from "../contenders/workload.js";
import { COPY, type Measurement, measure, nanosecondsPerElement } from "../support/measurement.js";
import { byWhat } from "../support/report.js";
import { count, digits, type Table, times } from "../support/table.js";
import { ratio } from "../support/timing.js";
import type { Answer, Settings } from "./question.js";

const SIZES = [1_024, 4_194_304];
const QUICK_SIZES = [65_536];

export async function variants({ field, effort, quick }: Settings): Promise<Answer> {
  const measurements: Measurement[] = [];
  const tables: Table[] = [];
  for (const dtype of ["float32", "float64"] as const) {
    for (const size of quick ? QUICK_SIZES : SIZES) {
      const found: Measurement[] = [];
      for (const rule of RULES) {
        const workload = workloadOf(rule, dtype, size);
        const what = `${rule.name} ${dtype} ${count(size)}`;
        found.push(...(await measure("variants", what, workload, [field.ours, ...field.native], effort)));
      }
      measurements.push(...found);
      tables.push(table(dtype, size, found));
    }
  }
  return { measurements, tables };
}

function workloadOf({ momentum, nesterov, damped, decay }: Rule, dtype: Workload["dtype"], size: number): Workload {
  return {
    ...MOMENTUM,
    dtype,
    sizes: [size],
    momentum: momentum ? MOMENTUM.momentum : 0,
    nesterov: nesterov && !damped,
    dampening: damped ? 0.25 : 0,
    weightDecay: decay ? MOMENTUM.weightDecay : 0,
  };
}

/** A row per rule, a column for each contender: ns per element, and how much longer it takes than ours. */
function table(dtype: Workload["dtype"], size: number, measurements: readonly Measurement[]): Table {
  const blocks = [...byWhat(measurements.filter(({ who }) => who !== COPY)).values()];
  const others = blocks[0].slice(1).map(({ who }) => who);
  return {
    title: `Rules: ${dtype}, ${count(size)} elements, ns per element`,
    head: ["", blocks[0][0].who, ...others.flatMap((who) => [who, "/ ours"])],
    rows: blocks.map(([own, ...block]) => [
      own.what.split(" ")[0],
      digits(nanosecondsPerElement(own)),
      ...block.flatMap((one) => [digits(nanosecondsPerElement(one)), times(ratio(one.timing, own.timing))]),
    ]),
  };
}
