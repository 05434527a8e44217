// From strokes to 8 by 8 pixels, the way the digits of the data set were made: fitted into 32 by 32 points, black or white,
// of which each pixel counts a square of 4 by 4.

export interface Point {
  x: number;
  y: number;
}

/** The points of one movement of the pen. */
export type Stroke = readonly Point[];

export const SIDE = 8;
const POINTS = 32;
const PER_PIXEL = POINTS / SIDE;
/** Half the width of a stroke, in points: the data set's strokes are about 4 wide. */
const RADIUS = 2.1;
/** The widest that a digit gets, in points: the data set's are higher than wide. */
const WIDEST = 26;

/** The number of black points in each pixel, 0 to 16, row by row. */
export function rasterize(strokes: readonly Stroke[]): Uint8Array {
  const pixels = new Uint8Array(SIDE * SIDE);
  const fitted = fit(strokes);
  for (let y = 0; y < POINTS; y++) {
    for (let x = 0; x < POINTS; x++) {
      const centre = { x: x + 0.5, y: y + 0.5 };
      if (!fitted.some((stroke) => isNear(centre, stroke))) continue;
      pixels[Math.floor(y / PER_PIXEL) * SIDE + Math.floor(x / PER_PIXEL)] += 1;
    }
  }
  return pixels;
}

/** The strokes, moved and scaled to fill the square with their proportions kept. */
function fit(strokes: readonly Stroke[]): Stroke[] {
  const all = strokes.flat();
  const [left, right] = [Math.min(...all.map(({ x }) => x)), Math.max(...all.map(({ x }) => x))];
  const [top, bottom] = [Math.min(...all.map(({ y }) => y)), Math.max(...all.map(({ y }) => y))];
  const room = { x: WIDEST - 2 * RADIUS, y: POINTS - 2 * RADIUS };
  // A dot has no extent of its own.
  const scale = Math.min(room.x / Math.max(right - left, 1e-6), room.y / Math.max(bottom - top, 1e-6));
  const bounded = Number.isFinite(scale) ? scale : 1;
  return strokes.map((stroke) =>
    stroke.map(({ x, y }) => ({
      x: POINTS / 2 + (x - (left + right) / 2) * bounded,
      y: POINTS / 2 + (y - (top + bottom) / 2) * bounded,
    })),
  );
}

/** Whether the pen passes over a point. */
function isNear(point: Point, stroke: Stroke): boolean {
  return stroke.some((end, i) => squaredDistance(point, stroke[Math.max(i - 1, 0)], end) <= RADIUS ** 2);
}

/** From a point to a segment. */
function squaredDistance(point: Point, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((point.x - a.x) * dx + (point.y - a.y) * dy) / length));
  return (point.x - a.x - along * dx) ** 2 + (point.y - a.y - along * dy) ** 2;
}
