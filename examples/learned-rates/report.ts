// Progress and result, in words and as a picture.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { lineChart } from "../shared/chart.js";
import type { Iteration } from "./learn.js";
import type { Hyperparameters } from "./unrolled.js";

/** The hypergradient beside what finite differences say of it. */
export function describeCheck(exact: Hyperparameters, approximate: Hyperparameters): string {
  const line = (name: string, a: number, b: number) =>
    `  ${name.padEnd(22)}${a.toExponential(9)}   finite differences ${b.toExponential(9)}   relative error ${(Math.abs(a - b) / Math.abs(b)).toExponential(1)}`;
  return [
    "hypergradient at the start",
    line("d loss / d log reach", exact.logReach, approximate.logReach),
    line("d loss / d logit m", exact.logitMomentum, approximate.logitMomentum),
  ].join("\n");
}

export const TABLE_HEAD =
  "\n run   validation loss   learning rate   momentum   d loss / d log reach   d loss / d logit m";

export function tableRow(run: number, { loss, lr, momentum, slope }: Iteration): string {
  return [
    String(run).padStart(4),
    loss.toFixed(6).padStart(18),
    lr.toPrecision(5).padStart(16),
    momentum.toFixed(5).padStart(11),
    slope.logReach.toExponential(2).padStart(23),
    slope.logitMomentum.toExponential(2).padStart(21),
  ].join("");
}

export function writePicture(path: string, iterations: readonly Iteration[], steps: number): void {
  const x = [...iterations.keys()];
  const chart = lineChart({
    title: "Learning the learning rate",
    x: { label: `training runs of ${steps} steps, each differentiated` },
    y: { label: "loss after the run, and its rates", log: true },
    series: [
      { name: "validation loss", x, y: iterations.map(({ loss }) => loss) },
      { name: "learning rate", x, y: iterations.map(({ lr }) => lr) },
      { name: "momentum", x, y: iterations.map(({ momentum }) => momentum) },
    ],
  });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, chart);
}
