// The drawing board: strokes of a mouse, a finger or a pen, or the pixels of an image that came otherwise.

import { BRIGHTEST } from "../../digits/data.js";
import { byId } from "./dom.js";
import { type Point, rasterize, SIDE, type Stroke } from "./raster.js";

/** Of the board's side. */
const PEN_WIDTH = 0.085;

/** Closer points, as a part of the side, say nothing new. */
const CLOSEST = 0.008;

/** Instead of a pointer's id. */
const NOBODY = -1;

export class Board {
  readonly #canvas = byId<HTMLCanvasElement>("board");
  readonly #hint = byId<HTMLElement>("board-hint");
  #strokes: Point[][] = [];
  /** what draws the latest stroke */
  #pointer = NOBODY;
  #image: Uint8Array | null = null;
  #frame = 0;

  /** `changed` hears of every change that the visitor makes on the board: at most one a frame. */
  constructor(private readonly changed: (pixels: Uint8Array | null) => void) {
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    new ResizeObserver(() => this.#paint()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#paint());
  }

  /** 64 numbers from 0 to 16; null when the board is empty. */
  get pixels(): Uint8Array | null {
    return this.#strokes.length > 0 ? rasterize(this.#strokes) : this.#image;
  }

  /** Shows an image in place of what is there; null clears the board. */
  show(pixels: Uint8Array | null): void {
    this.#strokes = [];
    this.#pointer = NOBODY;
    this.#image = pixels?.some((pixel) => pixel > 0) ? pixels : null;
    this.#paint();
  }

  #begin(event: PointerEvent): void {
    // A second finger, or a hand that rests beside the pen, draws nothing.
    if (event.button !== 0 || this.#canvas.hasPointerCapture(this.#pointer)) return;
    event.preventDefault();
    this.#pointer = event.pointerId;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#image = null;
    this.#strokes.push([this.#place(event)]);
    this.#update();
  }

  #move(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer || !this.#canvas.hasPointerCapture(event.pointerId)) return;
    const stroke = this.#strokes.at(-1)!;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length > 0 ? events : [event]) {
      const point = this.#place(each);
      const last = stroke.at(-1)!;
      if (Math.hypot(point.x - last.x, point.y - last.y) >= CLOSEST) stroke.push(point);
    }
    this.#update();
  }

  /** From 0 to 1 on the board. */
  #place({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return { x: (clientX - left) / width, y: (clientY - top) / height };
  }

  #update(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
      this.changed(this.pixels);
    });
  }

  #paint(): void {
    const canvas = this.#canvas;
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const context = canvas.getContext("2d")!;
    const ink = getComputedStyle(canvas).getPropertyValue("--ink-stroke");
    context.clearRect(0, 0, side, side);
    Object.assign(context, { strokeStyle: ink, fillStyle: ink, lineCap: "round", lineJoin: "round" });
    context.lineWidth = side * PEN_WIDTH;
    for (const stroke of this.#strokes) paintStroke(context, stroke, side);
    if (this.#image) paintPixels(context, this.#image, side / SIDE);
    this.#hint.hidden = this.#strokes.length > 0 || this.#image !== null;
  }
}

/** A smooth line: each point bends a curve between the middles of its neighbours. */
function paintStroke(context: CanvasRenderingContext2D, stroke: Stroke, side: number): void {
  const at = (i: number) => [stroke[i].x * side, stroke[i].y * side] as const;
  context.beginPath();
  context.moveTo(...at(0));
  for (let i = 1; i < stroke.length - 1; i++) {
    const [x, y] = at(i);
    const [nextX, nextY] = at(i + 1);
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  }
  context.lineTo(...at(stroke.length - 1));
  context.stroke();
}

function paintPixels(context: CanvasRenderingContext2D, pixels: Uint8Array, side: number): void {
  for (const [i, pixel] of pixels.entries()) {
    context.globalAlpha = pixel / BRIGHTEST;
    context.beginPath();
    const [x, y] = [(i % SIDE) * side, Math.floor(i / SIDE) * side];
    context.roundRect(x + side * 0.04, y + side * 0.04, side * 0.92, side * 0.92, side * 0.18);
    context.fill();
  }
  context.globalAlpha = 1;
}
