// The program of a page that forbids WebAssembly: createEngine must name the cause and the remedy.

export const refusedProgram = (packageUrl) => `import { createEngine } from ${JSON.stringify(packageUrl)};

const test = { file: "runtimes/refused.mjs", suite: "refused", milliseconds: 0 };
const results = ["fused", "separate"].map((rounding) => {
  const result = { ...test, test: "names the cause and the remedy, " + rounding, status: "failed" };
  try {
    createEngine({ rounding });
    result.error = "createEngine has thrown nothing";
  } catch (error) {
    result.error = String(error);
    if (/Content Security Policy.*'wasm-unsafe-eval'/.test(error.message)) result.status = "passed";
  }
  return result;
});
export const run = async () => ({
  group: "refused", kernel: "none", why: "refused by CSP", results, empty: [], records: {}, digest: "",
});
`;
