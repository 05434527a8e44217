// Environments that refuse what the package needs: the error must name the cause and the remedy, and nothing may be left.

/** By way: what the message has to match. */
export const REFUSED = {
  "CSP without Wasm": /Content Security Policy.*'wasm-unsafe-eval'/,
  "without SIMD": /needs WebAssembly SIMD.*Node 20\.19 or newer/,
  "without Wasm": /no WebAssembly,.*--jitless/,
};

/** `imports`: where sgd-wasm and sgd-wasm/threads are, as the environment spells it. */
export const refusedProgram = (way, imports) => `import { createEngine } from ${JSON.stringify(imports[0])};
import { createThreadedEngine, threadsAvailable } from ${JSON.stringify(imports[1])};

// Memories that outlived their attempts would soon be too many: each keeps gigabytes of addresses.
const ATTEMPTS = 500;
const results = [];

async function refused(test, attempt) {
  const result = { file: "runtimes/refused.mjs", suite: "refused", test, milliseconds: 0, status: "passed" };
  results.push(result);
  for (let i = 0; i < ATTEMPTS && result.status === "passed"; i++) {
    const message = await attempt().then(() => "no error", (error) => error.message);
    if (!${REFUSED[way]}.test(message)) Object.assign(result, { status: "failed", error: "attempt " + i + ": " + message });
  }
}

export async function run() {
  for (const rounding of ["fused", "separate"]) {
    await refused(rounding, async () => createEngine({ rounding }));
    if (threadsAvailable()) await refused(rounding + ", threads", () => createThreadedEngine({ rounding, threads: 2 }));
  }
  return { group: ${JSON.stringify(way)}, kernel: "none", why: "refused", results, empty: [], records: {}, digest: "" };
}
`;
