// Every scheduler in 480 scenarios, against what PyTorch 1.13 did in them: learning rates and momenta bit for bit, state
// dicts, groups, warnings, errors.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import file from "../../fixtures/data/schedulers.json.gz";
import { ScheduleRun, type ScheduleScenario } from "../../reference/schedule.js";
import { checkResult, TYPES_DIFFER } from "../../reference/schedule-results.js";
import { rounding } from "../../support/context.js";

const { scenarios } = file as { scenarios: ScheduleScenario[] };
const test = suite("schedulers against PyTorch");

for (const type of new Set(scenarios.map(({ name }) => name.split("/")[0]))) {
  test(type, () => {
    // Schedules do not depend on the kernel: one rounding is enough.
    if (rounding === "separate") return;
    for (const scenario of scenarios.filter(({ name }) => name.split("/")[0] === type)) {
      if (TYPES_DIFFER.includes(scenario.name)) continue;
      const run = new ScheduleRun(scenario);
      const expected = scenario.exact ?? scenario.result;
      scenario.ops.slice(0, expected.length).forEach((operation, i) => {
        checkResult(run.perform(operation), expected[i], operation.every, `${scenario.name}, operation ${i}`);
      });
    }
  });
}

test("has all scenarios", () => {
  assert.is(scenarios.length, 480);
});

test.run();
