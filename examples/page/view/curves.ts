// The chart: the loss of each batch over PyTorch's, and the test accuracy below, as training goes.

import { pathOf, pointsOf } from "../../shared/path.js";
import { axisTicks, formatTick, type Scale, scaleOf } from "../../shared/scale.js";
import type { Progress, Recorded } from "../protocol.js";
import { byId, setText, svgElement } from "./dom.js";
import { thin } from "./thin.js";

const MARGIN = { top: 8, right: 14, bottom: 30, left: 44 };
/** Between the two panels, and the part of the height that the upper one has. */
const GAP = 26;
const UPPER = 0.64;
/** The least span of the loss: the curves seldom leave it, so that the axis rests. */
const LOSSES = [0.01, 3];

interface Frame {
  x: Scale;
  loss: Scale;
  accuracy: Scale;
  width: number;
  height: number;
}

export class Curves {
  readonly #svg = byId<SVGSVGElement>("chart");
  readonly #axes = svgElement("g", { class: "axes" });
  readonly #pytorch = svgElement("path", { class: "line pytorch" });
  readonly #ours = svgElement("path", { class: "line ours" });
  readonly #accuracy = svgElement("path", { class: "line accuracy" });
  readonly #heads = [
    svgElement("circle", { class: "head ours", r: 4 }),
    svgElement("circle", { class: "head accuracy", r: 4 }),
  ];
  #recorded: number[] = [];
  #losses: number[] = [];
  #tests = { steps: [] as number[], values: [] as number[] };
  #last = 1;
  #drawn = "";
  #frame = 0;

  constructor() {
    this.#svg.append(this.#axes, this.#pytorch, this.#ours, this.#accuracy, ...this.#heads);
    new ResizeObserver(() => this.#soon()).observe(this.#svg);
  }

  record({ torch, losses }: Recorded): void {
    this.#recorded = losses;
    setText(byId("pytorch-key"), `PyTorch ${torch}’s, default settings`);
    this.#soon();
  }

  show({ losses, accuracies, target }: Progress): void {
    goOn(this.#losses, losses.since, losses.values);
    goOn(this.#tests.steps, accuracies.since, accuracies.steps);
    goOn(this.#tests.values, accuracies.since, accuracies.values);
    this.#last = Math.max(target, this.#recorded.length);
    this.#soon();
  }

  get loss(): number | undefined {
    return this.#losses.at(-1);
  }

  get accuracy(): number | undefined {
    return this.#tests.values.at(-1);
  }

  /** Draws with the next frame, once. */
  #soon(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const frame = this.#layOut();
    if (frame.width <= 0) return;
    this.#drawGround(frame);
    const { steps, values } = this.#tests;
    drawLine(this.#ours, frame, frame.loss, this.#losses);
    drawLine(this.#accuracy, frame, frame.accuracy, values, steps);
    place(this.#heads[0], frame.x, frame.loss, this.#losses.length - 1, this.loss);
    place(this.#heads[1], frame.x, frame.accuracy, steps.at(-1), this.accuracy);
    this.#svg.setAttribute("aria-label", this.#describe());
  }

  #layOut(): Frame {
    const { clientWidth: width, clientHeight: height } = this.#svg;
    const inner = height - MARGIN.top - MARGIN.bottom - GAP;
    const middle = MARGIN.top + inner * UPPER;
    return {
      width: width - MARGIN.left - MARGIN.right,
      height,
      x: scaleOf({ range: [0, this.#last] }, [], MARGIN.left, width - MARGIN.right),
      loss: scaleOf({ log: true }, [LOSSES, this.#losses, this.#recorded], middle, MARGIN.top),
      accuracy: scaleOf({ range: [0, 1] }, [], height - MARGIN.bottom, middle + GAP),
    };
  }

  /** What lies below our curves: anew only when a scale has changed. */
  #drawGround(frame: Frame): void {
    const { x, loss, width, height } = frame;
    const key = JSON.stringify([x.most, loss.least, loss.most, width, height, this.#recorded.length]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.#drawAxes(frame);
    drawLine(this.#pytorch, frame, loss, this.#recorded);
  }

  #drawAxes({ x, loss, accuracy, width, height }: Frame): void {
    const right = MARGIN.left + width;
    const rule = (y: number) => svgElement("path", { d: `M${MARGIN.left} ${Math.round(y) + 0.5}H${right}` });
    const label = (text: string, at: { x: number; y: number; "text-anchor": string }) => {
      const made = svgElement("text", { ...at, dy: "0.35em" });
      made.textContent = text;
      return made;
    };
    const rows = (scale: Scale, ticks: number[], format: (tick: number) => string) =>
      ticks.flatMap((tick) => {
        const y = scale.position(tick);
        return [rule(y), label(format(tick), { x: MARGIN.left - 8, y, "text-anchor": "end" })];
      });
    const columns = axisTicks(x).map((tick) =>
      label(formatTick(tick), { x: x.position(tick), y: height - MARGIN.bottom + 16, "text-anchor": "middle" }),
    );
    this.#axes.replaceChildren(
      ...rows(
        loss,
        axisTicks(loss).filter((tick) => /^[1-9]*1|^0\.0*1/.test(String(tick))),
        formatTick,
      ),
      ...rows(accuracy, [0, 0.5, 1], (tick) => `${tick * 100} %`),
      ...columns,
    );
  }

  #describe(): string {
    const loss = this.loss?.toPrecision(3) ?? "none yet";
    const accuracy = this.accuracy === undefined ? "unknown" : `${(this.accuracy * 100).toFixed(1)} %`;
    return `Chart over ${this.#losses.length} steps: loss ${loss}, test accuracy ${accuracy}.`;
  }
}

/** Takes the values of a report for those that a curve has from `since` on. */
function goOn(curve: number[], since: number, values: readonly number[]): void {
  curve.length = since;
  for (const value of values) curve.push(value);
}

/** Draws values over `steps`; without them over 0, 1, 2, … */
function drawLine(path: SVGPathElement, frame: Frame, y: Scale, values: readonly number[], steps?: readonly number[]) {
  const kept = thin(values, frame.width);
  const points = { x: kept.map((i) => steps?.[i] ?? i), y: kept.map((i) => values[i]) };
  path.setAttribute("d", pathOf(pointsOf(frame.x, y, points)));
}

/** Puts a dot at the end of a curve. */
function place(head: SVGCircleElement, x: Scale, y: Scale, step?: number, value?: number): void {
  const shown = step !== undefined && value !== undefined && y.accepts(value);
  head.setAttribute("visibility", shown ? "visible" : "hidden");
  if (!shown) return;
  head.setAttribute("cx", String(x.position(step)));
  head.setAttribute("cy", String(y.position(value)));
}
