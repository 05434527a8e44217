// From values to pixels along one axis, and where its ticks are.

export interface Scale {
  log: boolean;
  /** the values at the two ends */
  least: number;
  most: number;
  /** whether the value can be drawn */
  accepts(value: number): boolean;
  position(value: number): number;
}

interface ScaleOptions {
  log?: boolean;
  range?: readonly [number, number];
}

/** A scale from pixel `start` to pixel `end` that has room for all of `values`. */
export function scaleOf(
  options: ScaleOptions,
  values: readonly ArrayLike<number>[],
  start: number,
  end: number,
): Scale {
  const { log = false } = options;
  const accepts = (value: number) => Number.isFinite(value) && (!log || value > 0);
  const [least, most] = options.range ?? extent(values, accepts, log);
  const warp = log ? Math.log10 : (value: number) => value;
  const perUnit = (end - start) / (warp(most) - warp(least));
  return { log, least, most, accepts, position: (value) => start + (warp(value) - warp(least)) * perUnit };
}

/** The least and the greatest value; something around them, or around nothing, where that is not a range. */
function extent(values: readonly ArrayLike<number>[], accepts: (value: number) => boolean, log: boolean) {
  let [least, most] = [Infinity, -Infinity];
  for (const list of values) {
    for (let i = 0; i < list.length; i++) {
      if (!accepts(list[i])) continue;
      least = Math.min(least, list[i]);
      most = Math.max(most, list[i]);
    }
  }
  if (least < most) return [least, most] as const;
  if (least > most) return log ? ([0.1, 1] as const) : ([0, 1] as const);
  const room = Math.abs(least) / 2 || 1;
  return log ? ([least / 2, least * 2] as const) : ([least - room, least + room] as const);
}

/** About half a dozen round values within the scale. */
export function axisTicks(scale: Scale): number[] {
  return scale.log ? logTicks(scale) : linearTicks(scale);
}

function linearTicks({ least, most }: Scale): number[] {
  const rough = (most - least) / 6;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((candidate) => candidate >= rough) ?? rough;
  const first = Math.ceil(least / step);
  const count = Math.floor(most / step) - first + 1;
  return Array.from({ length: count }, (_, i) => (first + i) * step);
}

/** 1, 2 and 5 of every decade while these are few, only powers of ten, or of a hundred … when they are many. */
function logTicks({ least, most }: Scale): number[] {
  const first = Math.floor(Math.log10(least));
  const last = Math.floor(Math.log10(most));
  const decades = Math.log10(most / least);
  if (decades < 0.5) return linearTicks({ least, most } as Scale);
  const factors = decades <= 4 ? [1, 2, 5] : [1];
  const stride = Math.ceil(decades / 10);
  const ticks: number[] = [];
  for (let exponent = Math.ceil(first / stride) * stride; exponent <= last; exponent += stride) {
    for (const factor of factors) ticks.push(Number(`${factor}e${exponent}`));
  }
  return ticks.filter((tick) => tick >= least && tick <= most);
}

/** Short: 0.01, 500, 1,000,000 as 1e6. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential().replace("e+", "e");
  return String(Number(value.toPrecision(6)));
}
