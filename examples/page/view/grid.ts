// The 8 by 8 pixels that the network sees; with the keyboard, the way to draw.

import { BRIGHTEST } from "../../digits/data.js";
import { byId, element, setAttributes } from "./dom.js";
import { SIDE } from "./raster.js";

const MOVES: Record<string, (row: number, column: number) => [number, number]> = {
  ArrowUp: (row, column) => [row - 1, column],
  ArrowDown: (row, column) => [row + 1, column],
  ArrowLeft: (row, column) => [row, column - 1],
  ArrowRight: (row, column) => [row, column + 1],
  Home: (row) => [row, 0],
  End: (row) => [row, SIDE - 1],
};

export class Grid {
  readonly #cells: HTMLElement[] = [];
  #pixels = new Uint8Array(SIDE * SIDE);

  /** `changed` hears of every pixel that the visitor changes. */
  constructor(private readonly changed: (pixels: Uint8Array) => void) {
    const grid = byId<HTMLElement>("grid");
    setAttributes(grid, { role: "grid", "aria-labelledby": "grid-label", "aria-describedby": "grid-help" });
    for (let row = 0; row < SIDE; row++) {
      const cells = Array.from({ length: SIDE }, () => element("div", { role: "gridcell", tabindex: "-1" }));
      this.#cells.push(...cells);
      grid.append(element("div", { role: "row" }, ...cells));
    }
    this.#cells[0].tabIndex = 0;
    grid.addEventListener("keydown", (event) => this.#press(event));
    grid.addEventListener("click", ({ target }) => this.#toggle(this.#cells.indexOf(target as HTMLElement)));
    this.show(null);
  }

  show(pixels: Uint8Array | null): void {
    this.#pixels = pixels?.slice() ?? new Uint8Array(SIDE * SIDE);
    for (const [i, cell] of this.#cells.entries()) {
      const value = this.#pixels[i];
      if (cell.dataset.value === String(value)) continue;
      cell.dataset.value = String(value);
      cell.style.setProperty("--ink", String(value / BRIGHTEST));
      cell.setAttribute("aria-label", `row ${Math.floor(i / SIDE) + 1}, column ${(i % SIDE) + 1}: ${value} of 16`);
    }
  }

  #press(event: KeyboardEvent): void {
    const index = this.#cells.indexOf(event.target as HTMLElement);
    if (index < 0) return;
    const move = MOVES[event.key];
    if (move) this.#focus(...move(Math.floor(index / SIDE), index % SIDE));
    else if (event.key === " " || event.key === "Enter") this.#toggle(index);
    else return;
    event.preventDefault();
  }

  #focus(row: number, column: number): void {
    const cell = this.#cells[row * SIDE + column];
    if (row < 0 || row >= SIDE || column < 0 || column >= SIDE) return;
    for (const other of this.#cells) other.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  }

  #toggle(index: number): void {
    if (index < 0) return;
    const pixels = this.#pixels.slice();
    pixels[index] = pixels[index] > BRIGHTEST / 2 ? 0 : BRIGHTEST;
    this.show(pixels);
    this.changed(pixels);
  }
}
