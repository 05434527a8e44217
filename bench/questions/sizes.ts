// How fast is a step of momentum with weight decay, against everyone, at every size?

import { MOMENTUM } from "../contenders/workload.js";
import { type Measurement, measure } from "../support/measurement.js";
import { comparisonTable } from "../support/report.js";
import { count } from "../support/table.js";
import type { Answer, Settings } from "./question.js";

const SIZES = [1_000, 1_024, 65_536, 1_048_576, 4_194_304, 16_777_216];
const QUICK_SIZES = [1_000, 65_536, 1_048_576];

export const SIZES_QUESTION = "sizes";

export async function sizes({ field, effort, quick }: Settings): Promise<Answer> {
  const measurements: Measurement[] = [];
  for (const size of quick ? QUICK_SIZES : SIZES) {
    const workload = { ...MOMENTUM, sizes: [size] };
    measurements.push(...(await measure(SIZES_QUESTION, count(size), workload, field.all, effort)));
  }
  const title = "One tensor of float32: momentum with weight decay, one thread";
  return { measurements, tables: [comparisonTable(title, measurements)] };
}
