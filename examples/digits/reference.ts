// What PyTorch 1.13.1 got in the same run.

import { readFileSync } from "node:fs";
import type { FloatArray } from "./network.js";
import type { Options } from "./options.js";

export interface Reference {
  torch: string;
  /** the loss before each step */
  losses: number[];
  testCorrect: number;
  /** all parameters after the last step, one after the other */
  parameters: FloatArray;
}

/** A run of PyTorch's to compare with; or, where it recorded none with these options, how they differ from the one it did. */
export type Recorded = { reference: Reference } | { reference: null; differences: string };

export function findReference(options: Options): Recorded {
  const text = readFileSync(new URL(`./data/pytorch-${options.dtype}.json`, import.meta.url), "utf8");
  const { torch, options: recorded, losses, testCorrect, parametersHex } = JSON.parse(text);
  // maximize is not among them: the log-likelihood goes up exactly as its negative goes down, to the last bit.
  const differences = Object.entries(recorded).filter(([name, value]) => options[name as keyof Options] !== value);
  if (differences.length > 0) {
    return { reference: null, differences: differences.map(([name, value]) => `${name} ${value}`).join(", ") };
  }
  const bytes = Uint8Array.from(parametersHex.match(/../g), (byte: string) => Number.parseInt(byte, 16));
  const parameters = options.dtype === "float32" ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
  return { reference: { torch, losses, testCorrect, parameters } };
}
