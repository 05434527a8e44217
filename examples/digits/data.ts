// The digits: 1,797 handwritten ones, 8 by 8 pixels each. See data/ATTRIBUTION.md.

import { readFileSync } from "node:fs";
import type { DType } from "sgd-wasm";
import type { FloatArray } from "./network.js";

export const PIXELS = 64;
export const CLASSES = 10;
export const TRAINING_ROWS = 1500;

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

export function loadDigits(dtype: DType): Digits {
  const pixels = readBytes("images.u8");
  const labels = readBytes("labels.u8");
  const order = new Int32Array(readBytes("perm_train.i32").buffer);
  const pick = (rows: ArrayLike<number>): Batch => {
    const images =
      dtype === "float32" ? new Float32Array(rows.length * PIXELS) : new Float64Array(rows.length * PIXELS);
    const picked = Array.from(rows);
    for (const [i, row] of picked.entries()) {
      // Pixels go from 0 to 16: a sixteenth of each is exact.
      for (let p = 0; p < PIXELS; p++) images[i * PIXELS + p] = pixels[row * PIXELS + p] / 16;
    }
    return { images, labels: Uint8Array.from(picked, (row) => labels[row]) };
  };
  return {
    test: pick(Array.from({ length: labels.length - TRAINING_ROWS }, (_, i) => TRAINING_ROWS + i)),
    batch(step, size) {
      const start = (step % Math.floor(order.length / size)) * size;
      return pick(order.subarray(start, start + size));
    },
  };
}

/** The bytes of a file of the data folder, in a buffer of their own. */
function readBytes(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`./data/${name}`, import.meta.url)));
}
