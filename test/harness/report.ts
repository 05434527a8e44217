// Runs all suites of the bundle, and says what came of it. The last module of every bundle.

import { createEngine } from "sgd-wasm";
import { exec } from "uvu";
import { recorded, rounding } from "../support/context.js";
import { Fnv64 } from "../support/fnv.js";
import { explain, files, results, type TestResult } from "./suite.js";

export interface Report {
  rounding: string;
  /** which build of the kernel the runtime chose, and why */
  kernel: string;
  why: string;
  results: TestResult[];
  /** files that registered no test */
  empty: string[];
  records: Record<string, string>;
  /** of all records */
  digest: string;
}

/** Loads nothing and throws nothing: whatever goes wrong is in the report. */
export async function run(): Promise<Report> {
  const fail = (test: string, error: unknown) =>
    results.push({ file: "", suite: "harness", test, status: "failed", milliseconds: 0, error: explain(error) });
  const stop = onUncaught((error) => fail("an error that no test caught", error));
  try {
    await exec();
    // Rejections that nobody handles are known after a turn of the event loop; in browsers, whenever there is time.
    await new Promise((resolve) => setTimeout(resolve, 50));
  } catch (error) {
    if (!isAtModuleScope(error)) fail("a hook threw", error);
  }
  // What is thrown from here on ends the process, as everywhere.
  stop();
  const records = recorded();
  return {
    rounding,
    ...chosenKernel(),
    results,
    empty: [...files].filter(([, count]) => count === 0).map(([file]) => file),
    records,
    digest: new Fnv64().update(new TextEncoder().encode(JSON.stringify(records))).hex(),
  };
}

/** Calls `fail` for what is thrown outside of tests, by promises and timers that nobody waits for, until it is stopped. */
function onUncaught(fail: (error: unknown) => void): () => void {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> };
  if (typeof process?.on === "function" && process.versions?.node) {
    const names = ["unhandledRejection", "uncaughtException"] as const;
    for (const name of names) process.on(name, fail);
    return () => {
      for (const name of names) process.off?.(name, fail);
    };
  }
  const rejected = (event: PromiseRejectionEvent) => fail(event.reason);
  const thrown = (event: ErrorEvent) => fail(event.error ?? event.message);
  addEventListener("unhandledrejection", rejected);
  addEventListener("error", thrown);
  return () => {
    removeEventListener("unhandledrejection", rejected);
    removeEventListener("error", thrown);
  };
}

/** Workers have no timers while their module is evaluated. */
const isAtModuleScope = (error: unknown) => String(error).includes("global scope");

function chosenKernel(): { kernel: string; why: string } {
  try {
    const engine = createEngine({ rounding });
    const { fma } = engine.info;
    engine.dispose();
    if (fma === "none") return { kernel: "separate", why: "asked for" };
    if (fma === "hardware") return { kernel: fma, why: "relaxed multiply-add rounds once" };
    return { kernel: fma, why: hasRelaxedSimd() ? "relaxed multiply-add rounds twice" : "no relaxed SIMD" };
  } catch (error) {
    return { kernel: "none", why: explain(error) };
  }
}

/** Whether `(func (result v128) f32x4.relaxed_madd of three zeros)` validates. */
function hasRelaxedSimd(): boolean {
  const zero = [0x41, 0, 0xfd, 0x0f];
  const code = [0x0a, 0x13, 1, 0x11, 0, ...zero, ...zero, ...zero, 0xfd, 0x85, 2, 0x0b];
  return WebAssembly.validate(
    new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, ...code]),
  );
}
