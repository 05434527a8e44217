// Plain data outside of any engine.

import type { DType, ElementArray } from "./dtype.js";

/**
 * A tensor outside of any engine: plain data that `structuredClone`, IndexedDB and the checkpoint formats carry.
 * Elements are in row-major order. Both 16-bit types are `Uint16Array`s of the bit patterns.
 */
export interface TensorData {
  dtype: DType;
  shape: number[];
  data: ElementArray;
}

/** What `SGD.stateDict()` gives and `SGD.loadStateDict()` takes; keys and meaning are those of `torch.optim.SGD.state_dict()`. */
export interface StateDict {
  /** By the index of the parameter, counted over all groups. */
  state: { [index: number]: { momentum_buffer: TensorData | null } };
  param_groups: StateDictGroup[];
}

/** The options of one group, spelled as PyTorch writes them; further keys of the group are kept. */
export interface StateDictGroup {
  lr: number;
  momentum: number;
  dampening: number;
  weight_decay: number;
  nesterov: boolean;
  maximize: boolean;
  foreach: boolean | null;
  differentiable: boolean;
  params: number[];
  [extra: string]: unknown;
}
