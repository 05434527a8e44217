// Everyone who can be had on this machine.

import { HOW_TO_GET as HOW_TO_GET_PEERS } from "./load-peer.js";
import { HOW_TO_GET as HOW_TO_GET_C, nativeKernels } from "./native.js";
import { inOwnProcess } from "./node-process.js";
import { HOW_TO_GET as HOW_TO_GET_PYTORCH, pytorch } from "./pytorch.js";
import type { Contender } from "./workload.js";

export interface Field {
  ours: Contender;
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
    ...((await attempt("PyTorch", pytorch, HOW_TO_GET_PYTORCH)) ?? []),
    await attempt("tfjs", () => inOwnProcess("tfjs wasm", { who: "tfjs wasm" }), HOW_TO_GET_PEERS),
    await attempt("jax-js", () => inOwnProcess("jax-js", { who: "jax-js" }), HOW_TO_GET_PEERS),
  ].filter((contender) => contender !== null);
  const ours = await inOwnProcess("sgd-wasm", { who: "sgd-wasm" });
  const javascript = await inOwnProcess("JavaScript", { who: "JavaScript" });
  return { ours, all: [ours, ...native, ...others, javascript], native, missing };
}
