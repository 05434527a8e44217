// What came out, in words and as a picture.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { EngineInfo, Parameter } from "sgd-wasm";
import { lineChart, type Series } from "../shared/chart.js";
import type { FloatArray } from "./network.js";
import type { Recorded, Reference } from "./reference.js";
import type { Training } from "./train.js";

export interface Result {
  training: Training;
  parameters: readonly Parameter[];
  /** of the parameters */
  hash: string;
  correct: number;
  tested: number;
  kernel: EngineInfo;
  recorded: Recorded;
}

export function describeResult(result: Result): string {
  const { training, parameters, hash, kernel, recorded } = result;
  const { losses, seconds } = training;
  const lines = [
    ["test accuracy", describeAccuracy(result)],
    ...describeDistances(parameters, losses, recorded),
    ["sha256", hash],
    ["time", `${seconds.toFixed(2)} s, ${(losses.length / seconds).toFixed(0)} steps/s`],
    ["kernel", describeKernel(kernel)],
  ];
  return lines.map(([label, text]) => `${label.padEnd(15)}${text}`).join("\n");
}

/** Writes the loss curve, and PyTorch's where there is one. */
export function writeLossCurve(path: string, losses: readonly number[], recorded: Recorded): void {
  const series: Series[] = [];
  // PyTorch's curve is the wide, pale one below: where the two agree, ours runs along its middle.
  if (recorded.reference) {
    const { torch, losses: y } = recorded.reference;
    series.push({ name: `PyTorch ${torch}`, x: [...y.keys()], y, color: "#f6b26b", width: 5 });
  }
  series.push({ name: "sgd-wasm", x: [...losses.keys()], y: losses, color: "#17447a", width: 1.2 });
  const chart = lineChart({
    title: "Training on handwritten digits",
    x: { label: "steps made", range: [0, losses.length] },
    y: { label: "mean cross entropy of the batch", log: true },
    series,
  });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, chart);
}

function describeAccuracy({ correct, tested, recorded: { reference } }: Result): string {
  const percentage = ((correct / tested) * 100).toFixed(2);
  return `${correct}/${tested} = ${percentage} %${reference ? ` (PyTorch ${reference.torch}: ${reference.testCorrect}/${tested})` : ""}`;
}

function describeDistances(
  parameters: readonly Parameter[],
  losses: readonly number[],
  recorded: Recorded,
): string[][] {
  const { reference } = recorded;
  if (!reference) return [["PyTorch", `not compared: its recorded run has ${recorded.differences}`]];
  const distance = parameterDistance(parameters, reference);
  const largest = Math.max(...reference.parameters.map(Math.abs));
  return [
    ["parameters", `at most ${scientific(distance)} from PyTorch's: ${scientific(distance / largest)} of the largest`],
    ["losses", `at most ${scientific(largestDifference(losses, reference.losses))} from PyTorch's`],
  ];
}

function parameterDistance(parameters: readonly Parameter[], reference: Reference): number {
  return largestDifference(
    parameters.flatMap(({ data }) => Array.from(data)),
    reference.parameters,
  );
}

function largestDifference(values: readonly number[], reference: FloatArray | readonly number[]): number {
  return values.reduce((most, value, i) => Math.max(most, Math.abs(value - reference[i])), 0);
}

const MULTIPLY_ADD = { hardware: "in hardware", emulated: "emulated exactly", none: "none" } as const;

function describeKernel({ rounding, fma, threads }: EngineInfo): string {
  return `rounding ${rounding}, multiply-add ${MULTIPLY_ADD[fma]}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

function scientific(value: number): string {
  return value.toExponential(1);
}
