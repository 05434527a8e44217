// The digits from their files, in Node.

import { readFileSync } from "node:fs";
import { type Digits, digitsFrom } from "./data.js";
import type { Precision } from "./precision.js";

export function loadDigits(dtype: Precision): Digits {
  const order = new Int32Array(readBytes("perm_train.i32").buffer);
  return digitsFrom({ images: readBytes("images.u8"), labels: readBytes("labels.u8"), order }, dtype);
}

/** The bytes of a file of the data folder, in a buffer of their own. */
function readBytes(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`./data/${name}`, import.meta.url)));
}
