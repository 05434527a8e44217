// The digits from their files, in a browser.

import { type Digits, digitsFrom } from "./data.js";
import type { Precision } from "./precision.js";

/** From the folder `digits` beside the page. */
export async function fetchDigits(dtype: Precision): Promise<Digits> {
  const names = ["images.u8", "labels.u8", "perm_train.i32"];
  const [images, labels, order] = await Promise.all(names.map((name) => fetchFile(`digits/${name}`)));
  const files = { images: new Uint8Array(images), labels: new Uint8Array(labels), order: new Int32Array(order) };
  return digitsFrom(files, dtype);
}

/** A file beside the page. */
export async function fetchFile(path: string): Promise<ArrayBuffer> {
  const response = await fetch(new URL(path, location.href));
  if (!response.ok) throw new Error(`${path} did not load: ${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}
