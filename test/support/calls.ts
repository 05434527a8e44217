// How often the kernel is called.

import type { DType, Engine } from "sgd-wasm";

type Functions = Record<string, (...args: unknown[]) => unknown>;

/** Calls of the kernel's function for a dtype, or of one for all, while something is done. */
export function callsOf(engine: Engine, owner: DType | "kernel", name: string, run: () => void): number {
  const { kernel } = engine as unknown as { kernel: Record<string, unknown> };
  const functions = (owner === "kernel" ? kernel : kernel[owner]) as Functions;
  const original = functions[name];
  let calls = 0;
  functions[name] = (...args) => {
    calls += 1;
    return original(...args);
  };
  try {
    run();
  } finally {
    functions[name] = original;
  }
  return calls;
}
