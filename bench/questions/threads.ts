// What do threads gain? Two of them, with the multiply-add in hardware and emulated.

import { inOwnProcess } from "../contenders/node-process.js";
import { type Contender, MOMENTUM } from "../contenders/workload.js";
import { COPY, type Measurement, measure } from "../support/measurement.js";
import { byWhat } from "../support/report.js";
import { count, digits, type Table, times } from "../support/table.js";
import { ratio } from "../support/timing.js";
import type { Answer, Settings } from "./question.js";
import { isSupported } from "./roundings.js";

const SIZES = [8_192, 16_384, 32_768, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];
const QUICK_SIZES = [16_384, 65_536, 1_048_576];
const THREADS = 2;

const KERNELS = [
  { name: "hardware", one: "kernel-hardware.wasm", shared: "kernel-hardware-shared.wasm" },
  { name: "emulated", one: "kernel.wasm", shared: "kernel-shared.wasm" },
] as const;

export async function threads({ effort, quick }: Settings): Promise<Answer> {
  const contenders = (await Promise.all(KERNELS.filter(({ one }) => isSupported(one)).map(oneAndSeveral))).flat();
  const measurements: Measurement[] = [];
  // Where all processors are busy with steps, those who compile them have to wait for their turn.
  const longer = { ...effort, warmUpMilliseconds: 4 * effort.warmUpMilliseconds };
  // Without weight decay: one multiply-add per element, which is what emulation is judged by.
  for (const size of quick ? QUICK_SIZES : SIZES) {
    const workload = { ...MOMENTUM, weightDecay: 0, sizes: [size] };
    measurements.push(...(await measure("threads", count(size), workload, contenders, longer)));
  }
  return { measurements, tables: [table(measurements)] };
}

async function oneAndSeveral({ name, one, shared }: (typeof KERNELS)[number]): Promise<Contender[]> {
  const role = { who: "sgd-wasm", clock: "wall" } as const;
  const kernel = (file: string) => ({ file, rounding: "fused" }) as const;
  return [
    await inOwnProcess(name, { ...role, kernel: kernel(one) }),
    await inOwnProcess(`${name}, ${THREADS} threads`, { ...role, kernel: kernel(shared), threads: THREADS }),
  ];
}

function table(measurements: readonly Measurement[]): Table {
  const blocks = [...byWhat(measurements)].map(
    ([what, block]) => [what, block.filter(({ who }) => who !== COPY)] as const,
  );
  const names = blocks[0][1].map(({ who }) => who);
  const rows = blocks.map(([what, block]) => [
    what,
    ...block.flatMap((one, i) => [
      digits(one.timing.median / one.elements),
      ...(i % 2 === 1 ? [times(ratio(block[i - 1].timing, one.timing))] : []),
    ]),
    ...(block.length > 2 ? [times(ratio(block[3].timing, block[1].timing))] : []),
  ]);
  return {
    title: `${THREADS} threads: float32, momentum, ns per element by the clock on the wall`,
    head: [
      "",
      ...names.flatMap((name, i) => (i % 2 === 1 ? [name, "faster"] : [name])),
      ...(names.length > 2 ? ["emulated / hardware"] : []),
    ],
    rows,
    notes: [
      `The last column compares the two with ${THREADS} threads each. Small steps are not shared: there both columns time one thread.`,
    ],
  };
}
