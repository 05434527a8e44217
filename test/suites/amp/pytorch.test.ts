// GradScaler in the scenarios of PyTorch 2.14: scales, parameters, buffers and gradients bit for bit, errors.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import file from "../../fixtures/data/scaler_2.14.json.gz";
import { type ScalerOperation, type ScalerResult, ScalerRun, type ScalerScenario } from "../../reference/scaler.js";
import { rounding } from "../../support/context.js";

const { scenarios } = file as { scenarios: ScalerScenario[] };
const test = suite("GradScaler against PyTorch");

const ERRORS: Record<string, string> = {
  AssertionError: "TypeError",
  RuntimeError: "Error",
  KeyError: "Error",
  ValueError: "RangeError",
};

/** Texts that speak of Python. */
const OWN_TEXTS = /_scale is None|^'growth_factor'$/;

/** Whether a step has the bits of PyTorch's: with fused=True that divides by the scale, which rounds differently unless it is a power of two. */
function stepsCompare({ dtype, masters, options, scaler }: ScalerScenario): boolean {
  if (options.fused) return Number.isInteger(Math.log2(scaler.init_scale as number));
  // A step of 16-bit parameters has the arithmetic of a fused one.
  return masters || dtype === "f32" || dtype === "f64";
}

/** Whether gradients are what PyTorch leaves: a step of one pass does not write to them. */
function gradientsCompare(ops: readonly ScalerOperation[], at: number): boolean {
  const since = ops.slice(0, at).map(({ op }) => op);
  const count = (name: string) => since.slice(since.lastIndexOf("grads")).filter((op) => op === name).length;
  return count("step") <= count("unscale");
}

function check(
  actual: ScalerResult,
  { stepped, message, ...expected }: ScalerResult,
  withGradients: boolean,
  where: string,
): void {
  assert.is(actual.error, expected.error && ERRORS[expected.error], `${where}: ${actual.message}`);
  if (message && !OWN_TEXTS.test(message)) assert.is(actual.message, message.replace("unscale_(", "unscale("), where);
  // A fused step of PyTorch is called, and skips by itself.
  if (!where.startsWith("fused")) assert.is(actual.stepped, stepped, where);
  for (const key of ["value", "state", "scale"] as const) assert.equal(actual[key], expected[key], `${where}, ${key}`);
  for (const key of ["params", "buffers", "masters"] as const) {
    if (expected[key]) assert.equal(actual[key], expected[key], `${where}, ${key}`);
  }
  if (withGradients) assert.equal(actual.grads, expected.grads, `${where}, gradients`);
}

for (const scenario of scenarios) {
  test(scenario.name, () => {
    // The data is that of fused multiply-add.
    if (rounding === "separate") return;
    const run = new ScalerRun(scenario);
    scenario.ops.forEach((operation, i) => {
      const { params, buffers, ...others } = scenario.result[i];
      const expected = stepsCompare(scenario) ? scenario.result[i] : others;
      check(
        run.perform(operation),
        expected,
        gradientsCompare(scenario.ops, i),
        `${scenario.name}, ${operation.op} ${i}`,
      );
    });
  });
}

test("has the scenarios of all types", () => {
  assert.is(scenarios.length, 44);
});

test.run();
