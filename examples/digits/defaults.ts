// The run that everything is compared with: PyTorch recorded the same one.

import { CLASSES, PIXELS } from "./data.js";

/** inputs, hidden units, outputs */
export const LAYERS = [PIXELS, 24, CLASSES] as const;

export const DEFAULTS = {
  steps: 600,
  batchSize: 50,
  lr: 0.1,
  momentum: 0.9,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
  seed: 777,
  dtype: "float32",
  rounding: "fused",
} as const;
