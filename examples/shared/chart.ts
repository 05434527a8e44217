// Line charts as SVG: several series, linear or logarithmic axes, a legend under the title. No dependencies; the result is text.

import { pathOf, pointsOf, round } from "./path.js";
import { axisTicks, formatTick, type Scale, scaleOf } from "./scale.js";

export interface Series {
  name: string;
  x: ArrayLike<number>;
  /** as many as x; where one cannot be drawn (NaN, infinite, not positive on a logarithmic axis), the line has a gap */
  y: ArrayLike<number>;
  /** any CSS colour; by default the next of a palette */
  color?: string;
  /** line width in pixels; default 2 */
  width?: number;
  /** as SVG's stroke-dasharray, such as "6 4"; default a solid line */
  dash?: string;
  /** a dot at every point; default false */
  dots?: boolean;
}

export interface Axis {
  label: string;
  /** logarithmic; default false */
  log?: boolean;
  /** the smallest and the largest value; by default from the series */
  range?: readonly [number, number];
}

export interface Chart {
  title: string;
  x: Axis;
  y: Axis;
  /** later ones are drawn over earlier ones */
  series: readonly Series[];
  /** pixels; default 800 × 450 */
  width?: number;
  height?: number;
}

const MARGIN = { top: 78, right: 28, bottom: 60, left: 76 };
/** Pixels from one row of the legend to the next. */
const ROW = 20;
/** Fonts differ: so many pixels a letter are enough for all of the usual ones at this size. */
const LETTER = 7.2;
/** Of the line before a name in the legend, and of the gap after it. */
const SAMPLE = 34;
const GAP = 20;
const PALETTE = ["#17447a", "#d9822b", "#2a8f5b", "#b23a48", "#6b4fa0", "#5b6770"];
const INK = "#24292f";
const FAINT = "#e3e6ea";

type Drawn = Series & { color: string };

interface Frame {
  width: number;
  height: number;
  /** where the lines begin, below the legend */
  top: number;
  x: Scale;
  y: Scale;
}

/** The chart as the text of an SVG file. */
export function lineChart(chart: Chart): string {
  const { width = 800, height = 450 } = chart;
  const series = chart.series.map((one, i) => ({ ...one, color: one.color ?? PALETTE[i % PALETTE.length] }));
  const rows = legendRows(series, width - MARGIN.left - MARGIN.right);
  const top = MARGIN.top + ROW * (rows.length - 1);
  const frame: Frame = {
    width,
    height,
    top,
    x: horizontalScale(chart, MARGIN.left, width - MARGIN.right),
    y: verticalScale(chart, height - MARGIN.bottom, top),
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    `     font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" fill="${INK}">`,
    `<title>${escapeText(chart.title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="${MARGIN.left}" y="30" font-size="17" font-weight="600">${escapeText(chart.title)}</text>`,
    ...xAxis(frame, chart.x),
    ...yAxis(frame, chart.y),
    ...series.flatMap((one) => line(frame, one)),
    ...rows.flatMap((row, i) => legend(frame, row, 50 + ROW * i)),
    "</svg>",
    "",
  ].join("\n");
}

function horizontalScale({ x, series }: Chart, start: number, end: number): Scale {
  const values = series.map((one) => one.x);
  return scaleOf(x, values, start, end);
}

function verticalScale({ y, series }: Chart, start: number, end: number): Scale {
  const values = series.map((one) => one.y);
  // Some air above and below a range that the values themselves set, so that no line runs along the edge.
  const air = y.range ? 0 : 14;
  return scaleOf(y, values, start - air, end + air);
}

function xAxis({ x, width, height }: Frame, { label }: Axis): string[] {
  const bottom = height - MARGIN.bottom;
  const ticks = axisTicks(x).flatMap((value) => {
    const at = round(x.position(value));
    return [
      `<path d="M${at} ${bottom}v6" stroke="${INK}"/>`,
      `<text x="${at}" y="${bottom + 22}" text-anchor="middle">${formatTick(value)}</text>`,
    ];
  });
  const middle = (MARGIN.left + width - MARGIN.right) / 2;
  return [
    `<path d="M${MARGIN.left} ${bottom}H${width - MARGIN.right}" stroke="${INK}"/>`,
    ...ticks,
    `<text x="${middle}" y="${height - 16}" text-anchor="middle">${escapeText(label)}</text>`,
  ];
}

function yAxis({ y, width, height, top }: Frame, { label }: Axis): string[] {
  const ticks = axisTicks(y).flatMap((value) => {
    const at = round(y.position(value));
    return [
      `<path d="M${MARGIN.left} ${at}H${width - MARGIN.right}" stroke="${FAINT}"/>`,
      `<text x="${MARGIN.left - 10}" y="${at}" dy="0.35em" text-anchor="end">${formatTick(value)}</text>`,
    ];
  });
  const middle = (top + height - MARGIN.bottom) / 2;
  return [
    ...ticks,
    `<text transform="translate(20 ${middle}) rotate(-90)" text-anchor="middle">${escapeText(label)}</text>`,
  ];
}

function line({ x, y }: Frame, series: Drawn): string[] {
  const { width = 2, dash, dots, color } = series;
  const points = [...pointsOf(x, y, series)];
  const circles = points
    .filter((point) => dots && point !== null)
    .map((point) => {
      return `<circle cx="${point![0]}" cy="${point![1]}" r="${width + 1.5}" fill="${color}"/>`;
    });
  const dashes = dash ? ` stroke-dasharray="${dash}"` : "";
  return [
    `<path d="${pathOf(points)}" fill="none" stroke="${color}" stroke-width="${width}" stroke-linejoin="round"${dashes}/>`,
    ...circles,
  ];
}

/** The entries of the legend, in as many rows as they need. */
function legendRows(series: readonly Drawn[], width: number): Drawn[][] {
  const rows: Drawn[][] = [[]];
  let left = width;
  for (const one of series) {
    const needed = entryWidth(one);
    if (needed > left && rows[rows.length - 1].length > 0) {
      rows.push([]);
      left = width;
    }
    rows[rows.length - 1].push(one);
    left -= needed + GAP;
  }
  return rows;
}

function entryWidth({ name }: Series): number {
  return SAMPLE + name.length * LETTER;
}

/** A row of entries, from the right; a single series needs none but is named all the same. */
function legend({ width }: Frame, row: readonly Drawn[], y: number): string[] {
  let right = width - MARGIN.right;
  return [...row].reverse().flatMap((one) => {
    const start = right - entryWidth(one);
    right = start - GAP;
    const dashes = one.dash ? ` stroke-dasharray="${one.dash}"` : "";
    return [
      `<path d="M${round(start)} ${y}h26" stroke="${one.color}" stroke-width="${one.width ?? 2}"${dashes}/>`,
      `<text x="${round(start + SAMPLE)}" y="${y}" dy="0.35em">${escapeText(one.name)}</text>`,
    ];
  });
}

function escapeText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
