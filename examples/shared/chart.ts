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
const PALETTE = ["#17447a", "#d9822b", "#2a8f5b", "#b23a48", "#6b4fa0", "#5b6770"];
const INK = "#24292f";
const FAINT = "#e3e6ea";

interface Frame {
  width: number;
  height: number;
  x: Scale;
  y: Scale;
}

/** The chart as the text of an SVG file. */
export function lineChart(chart: Chart): string {
  const { width = 800, height = 450, series } = chart;
  const frame: Frame = {
    width,
    height,
    x: horizontalScale(chart, MARGIN.left, width - MARGIN.right),
    y: verticalScale(chart, height - MARGIN.bottom, MARGIN.top),
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    `     font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" fill="${INK}">`,
    `<title>${escapeText(chart.title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="${MARGIN.left}" y="30" font-size="17" font-weight="600">${escapeText(chart.title)}</text>`,
    ...xAxis(frame, chart.x),
    ...yAxis(frame, chart.y),
    ...series.flatMap((one, i) => line(frame, one, colorOf(one, i))),
    ...legend(frame, series),
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

function yAxis({ y, width, height }: Frame, { label }: Axis): string[] {
  const ticks = axisTicks(y).flatMap((value) => {
    const at = round(y.position(value));
    return [
      `<path d="M${MARGIN.left} ${at}H${width - MARGIN.right}" stroke="${FAINT}"/>`,
      `<text x="${MARGIN.left - 10}" y="${at}" dy="0.35em" text-anchor="end">${formatTick(value)}</text>`,
    ];
  });
  const middle = (MARGIN.top + height - MARGIN.bottom) / 2;
  return [
    ...ticks,
    `<text transform="translate(20 ${middle}) rotate(-90)" text-anchor="middle">${escapeText(label)}</text>`,
  ];
}

function line({ x, y }: Frame, series: Series, color: string): string[] {
  const { width = 2, dash, dots } = series;
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

/** One entry per series, from the right end of the title's line; a single series needs none but is named all the same. */
function legend({ width }: Frame, series: readonly Series[]): string[] {
  let right = width - MARGIN.right;
  return [...series.keys()].reverse().flatMap((i) => {
    const one = series[i];
    // Fonts differ: 7.2 pixels a letter are enough for all of the usual ones at this size.
    const textStart = right - one.name.length * 7.2;
    const lineStart = textStart - 34;
    right = lineStart - 20;
    const dashes = one.dash ? ` stroke-dasharray="${one.dash}"` : "";
    return [
      `<path d="M${round(lineStart)} 50h26" stroke="${colorOf(one, i)}" stroke-width="${one.width ?? 2}"${dashes}/>`,
      `<text x="${round(textStart)}" y="50" dy="0.35em">${escapeText(one.name)}</text>`,
    ];
  });
}

function colorOf(series: Series, index: number): string {
  return series.color ?? PALETTE[index % PALETTE.length];
}

function escapeText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
