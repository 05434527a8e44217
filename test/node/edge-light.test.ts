// The entry for Vercel's edge functions takes the right build for each rounding. Node imports no `.wasm?module`: a hook stands
// in for what the edge's bundler does.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fusedMultiplyAdd, separateMultiplyAdd } from "../reference/exact.js";
import { consumer, node } from "../support/process.js";

const test = suite("edge-light entry");
const ENTRY = pathToFileURL(join(consumer, "node_modules/sgd-wasm/dist/edge-light/index.js")).href;
const HOOK = `import { readFileSync } from "node:fs";
export async function load(url, context, next) {
  if (!url.endsWith(".wasm?module")) return next(url, context);
  const bytes = readFileSync(new URL(url)).toString("base64");
  const source = "export default new WebAssembly.Module(Buffer.from('" + bytes + "', 'base64'));";
  return { format: "module", source, shortCircuit: true };
}`;

const P = Array.from({ length: 40 }, (_, i) => Math.fround(i / 7));
const G = Array.from({ length: 40 }, (_, i) => Math.fround(i / 3));
const LR = Math.fround(0.1);

const program = `import { register } from "node:module";
register("data:text/javascript," + encodeURIComponent(${JSON.stringify(HOOK)}));
const { createEngine, SGD } = await import(${JSON.stringify(ENTRY)});
const results = ["fused", "separate"].map((rounding) => {
  const engine = createEngine({ rounding });
  const parameter = engine.parameter(40, { data: ${JSON.stringify(P)} });
  parameter.grad = ${JSON.stringify(G)};
  new SGD([parameter], { lr: ${LR} }).step();
  return [engine.info.fma, Array.from(parameter.data)];
});
console.log(JSON.stringify(results));`;

test("rounds once when asked for fused, twice when asked for separate", () => {
  const [fused, separate] = [fusedMultiplyAdd, separateMultiplyAdd].map((multiplyAdd) =>
    P.map((p, i) => multiplyAdd(G[i], -LR, p, "float32")),
  );
  assert.not.equal(fused, separate);
  assert.equal(JSON.parse(node(consumer, ["--input-type=module", "--eval", program])), [
    ["emulated", fused],
    ["none", separate],
  ]);
});

test.run();
