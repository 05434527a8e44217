// The roofline: time per element over size, and the limits.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { lineChart, type Series } from "../examples/shared/chart.js";
import { COPY, gigabytesPerSecond, type Measurement, nanosecondsPerElement } from "./support/measurement.js";

const STYLES: Record<string, Partial<Series>> = {
  "sgd-wasm": { color: "#17447a", width: 3.5, dots: true },
  [COPY]: { color: "#8a929c", width: 1.5, dash: "6 4" },
  "C AVX-512": { color: "#8a929c", width: 2 },
  "C AVX-512, 4 places": { color: "#3d7a8c", width: 2 },
  "C 128-bit": { color: "#5b6770", width: 2, dash: "2 3" },
  PyTorch: { color: "#d9822b", dots: true },
  "PyTorch foreach": { color: "#d9822b", width: 1.5, dash: "6 4" },
  "PyTorch fused": { color: "#a85a10", dots: true },
  "tfjs wasm": { color: "#2a8f5b", dots: true },
  "jax-js": { color: "#6b4fa0", dots: true },
  JavaScript: { color: "#b23a48", dots: true },
};

const BYTES_PER_ELEMENT = 20;

/** How long the bytes of an element take at the bandwidth of the copy. */
function nanosecondsAtThatBandwidth(copy: Measurement): number {
  return BYTES_PER_ELEMENT / gigabytesPerSecond(copy);
}

export function writeRoofline(path: string, measurements: readonly Measurement[]): void {
  const names = [...new Set(measurements.map(({ who }) => who))];
  // Ours is drawn last, over all others.
  const ordered = [...names.filter((name) => name !== names[0]), names[0]];
  const series = ordered.map((who): Series => {
    const points = measurements.filter((one) => one.who === who);
    return {
      name: who === COPY ? "copy bandwidth" : who,
      x: points.map(({ elements }) => elements),
      y: points.map(who === COPY ? nanosecondsAtThatBandwidth : nanosecondsPerElement),
      ...STYLES[who],
    };
  });
  const chart = lineChart({
    title: "SGD with momentum and weight decay",
    width: 1300,
    height: 560,
    x: { label: "elements (float32)", log: true },
    y: { label: "ns per element", log: true },
    series,
  });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, chart);
}
