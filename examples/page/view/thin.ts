// A long curve with as many points as the screen can show.

/**
 * The indices of the values to draw: all of them, or, where there are more than two a pixel, those of the least and the
 * greatest value of every stretch.
 */
export function thin(values: readonly number[], pixels: number): number[] {
  const stretch = Math.ceil(values.length / Math.max(pixels, 1));
  if (stretch <= 2) return [...values.keys()];
  const kept: number[] = [];
  for (let start = 0; start < values.length; start += stretch) {
    const [least, most] = extremes(values, start, Math.min(start + stretch, values.length));
    kept.push(Math.min(least, most), Math.max(least, most));
  }
  return kept;
}

/** Where the least and the greatest of the values from `start` to `end` are; NaN is neither. */
function extremes(values: readonly number[], start: number, end: number): [number, number] {
  let [least, most] = [start, start];
  for (let i = start + 1; i < end; i++) {
    if (values[i] < values[least] || Number.isNaN(values[least])) least = i;
    if (values[i] > values[most] || Number.isNaN(values[most])) most = i;
  }
  return [least, most];
}
