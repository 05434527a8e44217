// The loss over time, with the crash.

import { lineChart } from "../shared/chart.js";
import type { Progress } from "./training.js";

/** What a worker had at a step, and when it had pushed it. */
export interface Point extends Progress {
  seconds: number;
}

export interface Crash {
  step: number;
  /** seconds */
  killed: number;
  back: number;
}

/** The mean loss of each step at the time when the last worker had pushed it. */
function meanOfSteps(points: readonly Point[]): Omit<Point, "rank">[] {
  const steps = new Map<number, Point[]>();
  for (const point of points) steps.set(point.step, [...(steps.get(point.step) ?? []), point]);
  return [...steps].map(([step, all]) => ({
    step,
    loss: all.reduce((sum, { loss }) => sum + loss, 0) / all.length,
    seconds: Math.max(...all.map(({ seconds }) => seconds)),
  }));
}

export function picture(points: readonly Point[], { killed, back }: Crash): string {
  const means = meanOfSteps(points);
  const [{ seconds: start }] = means;
  const losses = means.map(({ loss }) => loss);
  const range = [Math.min(...losses), Math.max(...losses)];
  const upright = (name: string, seconds: number, color: string) => {
    return { name, x: [seconds - start, seconds - start], y: range, color, dash: "6 4" };
  };
  // No line where nothing happened.
  const gap = { seconds: (killed + back) / 2, loss: Number.NaN };
  const line = [
    ...means.filter(({ seconds }) => seconds < gap.seconds),
    gap,
    ...means.filter(({ seconds }) => seconds >= gap.seconds),
  ];
  return lineChart({
    title: "Digits by three workers",
    x: { label: "seconds" },
    y: { label: "mean loss of a step", log: true },
    series: [
      {
        name: "loss",
        x: line.map(({ seconds }) => seconds - start),
        y: line.map(({ loss }) => loss),
        dots: true,
        width: 1,
      },
      upright("server killed", killed, "#b23a48"),
      upright("back", back, "#2a8f5b"),
    ],
  });
}
