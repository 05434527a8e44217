// Everyone who can be had on this machine.

import { javascript } from "./javascript.js";
import { jax } from "./jax.js";
import { HOW_TO_GET as HOW_TO_GET_PEERS } from "./load-peer.js";
import { HOW_TO_GET as HOW_TO_GET_C, nativeKernels } from "./native.js";
import { ours } from "./ours.js";
import { HOW_TO_GET as HOW_TO_GET_PYTORCH, pytorch } from "./pytorch.js";
import { tfjs } from "./tfjs.js";
import type { Contender } from "./workload.js";

export interface Field {
  /** ours first */
  all: Contender[];
  /** C only */
  native: Contender[];
  /** who is not there, why, and how to get it */
  missing: string[];
}

export async function gatherContenders(): Promise<Field> {
  const missing: string[] = [];
  const attempt = async <T>(what: string, find: () => Promise<T> | T, howToGet: string): Promise<T | null> => {
    try {
      return await find();
    } catch (error) {
      missing.push(`${what} (${(error as Error).message.split("\n")[0]}). ${howToGet}`);
      return null;
    }
  };
  const native = (await attempt("C", nativeKernels, HOW_TO_GET_C)) ?? [];
  const others = [
    await attempt("PyTorch", pytorch, HOW_TO_GET_PYTORCH),
    await attempt("tfjs", tfjs, HOW_TO_GET_PEERS),
    await attempt("jax-js", jax, HOW_TO_GET_PEERS),
  ].filter((contender) => contender !== null);
  return { all: [ours, ...native, ...others, javascript], native, missing };
}
