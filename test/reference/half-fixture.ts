// Steps of PyTorch 2.14 on 16-bit parameters with fused=True.

import file from "../fixtures/data/sgd16.json.gz";

export interface HalfCase {
  dtype: "f16" | "bf16";
  seed: number;
  lr: number;
  momentum: number;
  dampening: number;
  weight_decay: number;
  nesterov: boolean;
  maximize: boolean;
  /** after steps 1, 2 and 4, of all parameters below 100 elements */
  p: string[];
  sha256: string[];
  /** hash of the momentum buffers at the end; null without momentum */
  m: string | null;
}

export const { sizes, cases } = file as { sizes: number[]; cases: HalfCase[] };
