// The digits: 1,797 handwritten ones, 8 by 8 pixels each. See data/ATTRIBUTION.md.

import type { FloatArray } from "./network.js";
import type { Precision } from "./precision.js";

export const PIXELS = 64;
export const CLASSES = 10;
export const TRAINING_ROWS = 1500;
/** Pixels go from 0 to this: a sixteenth of each is exact. */
export const BRIGHTEST = 16;

/** The files of the data folder. */
export interface DigitFiles {
  /** images.u8: `PIXELS` bytes of every image, row by row */
  images: Uint8Array;
  /** labels.u8: which digit each of them is */
  labels: Uint8Array;
  /** perm_train.i32: the order of the training rows */
  order: Int32Array;
}

/** Some of the images, one after the other, and which digit each of them is. */
export interface Batch {
  images: FloatArray;
  labels: Uint8Array;
}

export interface Digits {
  test: Batch;
  /** The batch of a step: the training rows in a fixed order, again from the start when they do not suffice for a batch. */
  batch(step: number, size: number): Batch;
}

/** The digits as a network of element type `dtype` takes them. */
export function digitsFrom({ images, labels, order }: DigitFiles, dtype: Precision): Digits {
  const pick = (rows: ArrayLike<number>): Batch => {
    const pixels = new Uint8Array(rows.length * PIXELS);
    const picked = Array.from(rows);
    for (const [i, row] of picked.entries()) {
      pixels.set(images.subarray(row * PIXELS, (row + 1) * PIXELS), i * PIXELS);
    }
    return { images: inputOf(pixels, dtype), labels: Uint8Array.from(picked, (row) => labels[row]) };
  };
  return {
    test: pick(Array.from({ length: labels.length - TRAINING_ROWS }, (_, i) => TRAINING_ROWS + i)),
    batch(step, size) {
      const start = (step % Math.floor(order.length / size)) * size;
      return pick(order.subarray(start, start + size));
    },
  };
}

/** Pixels as numbers from 0 to 1. */
export function inputOf(pixels: Uint8Array, dtype: Precision): FloatArray {
  const input = dtype === "float32" ? Float32Array.from(pixels) : Float64Array.from(pixels);
  return input.map((pixel) => pixel / BRIGHTEST);
}
