// How fast is a step over a list of tensors, and what does a tensor cost beyond its elements?

import { inOwnProcess } from "../contenders/node-process.js";
import { type Contender, MOMENTUM, type Prepared } from "../contenders/workload.js";
import { type Measurement, measure } from "../support/measurement.js";
import { comparisonTable } from "../support/report.js";
import { count, digits, type Table } from "../support/table.js";
import { type Effort, quantile, type Timing, timeInTurns } from "../support/timing.js";
import type { Answer, Settings } from "./question.js";
import { RESNET50_SIZES } from "./resnet50.js";

export const LISTS_QUESTION = "lists";

export async function lists({ field, effort, quick }: Settings): Promise<Answer> {
  const measurements: Measurement[] = [];
  const measureList = async (what: string, sizes: number[]) => {
    measurements.push(...(await measure(LISTS_QUESTION, what, { ...MOMENTUM, sizes }, field.all, effort)));
  };
  await measureList("1,000 tensors of 100", new Array(1000).fill(100));
  if (!quick) await measureList(`ResNet-50, ${RESNET50_SIZES.length} tensors`, RESNET50_SIZES);
  const title = "Lists of tensors: float32, momentum with weight decay";
  const overhead = await perTensor(field.ours, effort);
  return {
    measurements: [...measurements, ...overhead.measurements],
    tables: [comparisonTable(title, measurements), overhead.table],
  };
}

const TENSORS = 1000;

/** The time of many tensors less that of one with as many elements, per tensor. */
async function perTensor(ours: Contender, effort: Effort): Promise<{ table: Table; measurements: Measurement[] }> {
  const unmerged = await inOwnProcess("foreach: false", { who: "sgd-wasm", foreach: false });
  const one = (size: number) => ours.prepare({ ...MOMENTUM, sizes: [size * TENSORS] });
  const many = (size: number, who: Contender) => who.prepare({ ...MOMENTUM, sizes: new Array(TENSORS).fill(size) });
  const names = ["one tensor", "merged where adjacent", "foreach: false"];
  const measurements: Measurement[] = [];
  const rows: string[][] = [];
  for (const size of [10, 16, 64, 100]) {
    const runners = [await one(size), await many(size, ours), await many(size, unmerged)] as Prepared[];
    const [single, ...lists] = await timeInTurns(runners, effort);
    for (const runner of runners) await runner.dispose();
    for (const [i, timing] of [single, ...lists].entries()) {
      const what = `${count(TENSORS)} × ${size}`;
      measurements.push({ question: "per tensor", what, who: names[i], elements: size * TENSORS, bytes: 0, timing });
    }
    rows.push([
      count(size),
      digits(single.median / TENSORS),
      ...lists.map((list) => digits(beyond(list, single) / TENSORS)),
    ]);
  }
  return {
    measurements,
    table: {
      title: `What a tensor costs beyond its elements, of ${count(TENSORS)} of them: ns per tensor`,
      head: ["elements each", "its elements", ...names.slice(1)],
      rows,
      notes: [
        "Tensors made one after the other are adjacent where their size is a multiple of 16 bytes: they become one span, unless foreach is false.",
      ],
    },
  };
}

/** By how much the one takes longer: the median over the rounds. */
function beyond(list: Timing, single: Timing): number {
  return quantile(
    list.rounds.map((time, i) => time - single.rounds[i]),
    0.5,
  );
}
