// What a run and its members are told, by the server and by `ParameterClient`.

import type { StateDictGroup } from "../common/tensor-data.js";
import type { TensorInfo } from "./config.js";

/** What a run is, and where it stands. */
export interface RunStatus {
  /** steps that every shard has taken; 0 at first */
  step: number;
  /** how many push gradients in each step */
  workers: number;
  /** who has joined, by rank */
  members: { worker: string; rank: number }[];
  /** SHA-256, in lower-case hex, of `JSON.stringify(parameters.map(({ dtype, shape }) => [dtype, shape]))` */
  layout: string;
  /** the tensors in the order of the vector */
  parameters: TensorInfo[];
  /** slice i of the vector of all tensors, in its order */
  shards: { elements: number; bytes: number }[];
  /** as in a state dict, with `lr` of step `step` */
  groups: StateDictGroup[];
  /** slices with a NaN or an infinity are refused */
  rejectNonfinite: boolean;
}

/** What a worker is in a run. */
export interface JoinResult {
  /** from 0 to workers - 1: the place of its gradients in the sum */
  rank: number;
  /** the step that the run is at */
  step: number;
}

/** What has become of a push. */
export interface PushResult {
  /** `received`: it will be in the step; `applied`: the step has been taken */
  status: "received" | "applied";
  /** the step that was pushed */
  step: number;
}
