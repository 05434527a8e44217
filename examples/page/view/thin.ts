// A long curve with as many points as the screen can show.

interface Curve {
  x: number[];
  y: number[];
}

/** The curve, or, where it has more than two points a pixel, the least and the greatest value of every stretch of it. */
export function thin(curve: Curve, pixels: number): Curve {
  const { x, y } = curve;
  const stretch = Math.ceil(y.length / Math.max(pixels, 1));
  if (stretch <= 2) return curve;
  const kept: number[] = [];
  for (let start = 0; start < y.length; start += stretch) {
    const end = Math.min(start + stretch, y.length);
    let [least, most] = [start, start];
    for (let i = start; i < end; i++) {
      if (y[i] < y[least]) least = i;
      if (y[i] > y[most]) most = i;
    }
    kept.push(Math.min(least, most), Math.max(least, most));
  }
  return { x: kept.map((i) => x[i]), y: kept.map((i) => y[i]) };
}
