// The line of a series, as the text of an SVG path.

import type { Scale } from "./scale.js";

/** x and y in pixels, or null where the value cannot be drawn */
export type Point = readonly [number, number] | null;

export function* pointsOf(
  x: Scale,
  y: Scale,
  values: { x: ArrayLike<number>; y: ArrayLike<number> },
): Generator<Point> {
  for (let i = 0; i < values.x.length; i++) {
    const drawn = x.accepts(values.x[i]) && y.accepts(values.y[i]);
    yield drawn ? [round(x.position(values.x[i])), round(y.position(values.y[i]))] : null;
  }
}

/** A line through the points, with a gap wherever there is none. */
export function pathOf(points: Iterable<Point>): string {
  let path = "";
  let pen = "M";
  for (const point of points) {
    if (point) path += `${pen}${point[0]} ${point[1]}`;
    pen = point ? "L" : "M";
  }
  return path;
}

/** To hundredths of a pixel. */
export function round(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}
