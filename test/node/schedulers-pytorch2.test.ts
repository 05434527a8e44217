// The 480 scenarios of schedulers against PyTorch 2.14: the same numbers but for what docs/schedules.md says of it. Other
// runtimes compare with 1.13 alone, which holds their arithmetic.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import file from "../fixtures/data/schedulers_2.14.json.gz";
import { type ScheduleResult, ScheduleRun, type ScheduleScenario } from "../reference/schedule.js";
import { checkResult, TYPES_DIFFER } from "../reference/schedule-results.js";

const { scenarios } = file as { scenarios: ScheduleScenario[] };
const test = suite("schedulers against PyTorch 2");

/** What 2.14 keeps in states and groups under other names than 1.13, or beside it. */
const OF_PYTORCH2 = [
  "_anneal_strategy",
  "_anneal_func_type",
  "_scale_fn_ref",
  "_scale_fn_custom",
  "use_beta1",
  "default_min_lr",
  "fused",
];
/** Where 2.14 goes another way than 1.13, which is the reference. */
const DIFFERS: Record<string, RegExp> = {
  "a late group is an error": /^(LambdaLR|MultiplicativeLR|CosineAnnealingWarmRestarts).*add_group|^CyclicLR\/lists/,
  "lastEpoch does not change the learning rate":
    /^(MultiplicativeLR\/3|LinearLR\/1[67]|Exponential.*|PolynomialLR\/2[678]|CosineAnnealingLR.*|.*Restarts\/37|CyclicLR)\/resume$/,
  "the function counts at epoch 0": /^MultiplicativeLR\/3\/epochs/,
  "another scheduler starts at a milestone of 0": /^SequentialLR\/(6|last_epoch)/,
  "a step at a milestone is not counted and warns of nothing": /^SequentialLR\/[0134579]$/,
  "refuses in the constructor": /^LinearLR\/{'start_factor': 0}|^(SequentialLR|ChainedScheduler)\/plateau/,
  "has another error": /^OneCycleLR\/{'(epochs|steps_per_epoch)': 3}/,
  "keeps learning rates from the start, and includes a late group": /^ReduceLROnPlateau\/(before_step|epoch)/,
  "warns by whether the optimizer has ever stepped": /^warnings\/1/,
};

const withoutNames = (entries: object, names: string[]) =>
  Object.fromEntries(Object.entries(entries).filter(([key]) => !names.includes(key)));

/** A result as far as both versions have it. */
function inBoth({ message, state, groups, ...numbers }: ScheduleResult, type: string): ScheduleResult {
  const ofGroups = type === "CyclicLR" ? [...OF_PYTORCH2, "max_momentum", "base_momentum"] : OF_PYTORCH2;
  return {
    ...numbers,
    ...(state && { state: withoutNames(state, OF_PYTORCH2) }),
    ...(groups && { groups: groups.map((group) => withoutNames(group, ofGroups)) }),
  };
}

/** Throws at the first result that is another one. */
function checkPyTorch2({ name, ops, ...scenario }: ScheduleScenario): void {
  const [type] = name.split("/");
  const run = new ScheduleRun({ name, ops, ...scenario });
  (scenario.exact ?? scenario.result).forEach((result, i) => {
    const where = `2.14, ${name}, operation ${i}`;
    checkResult(inBoth(run.perform(ops[i]), type), inBoth(result, type), ops[i].every, where);
  });
}

function hasDifference(scenario: ScheduleScenario): boolean {
  try {
    checkPyTorch2(scenario);
    return false;
  } catch {
    return true;
  }
}

test("PyTorch 2.14 has the same numbers but where it goes another way", () => {
  const different = Object.values(DIFFERS);
  for (const scenario of scenarios) {
    if (TYPES_DIFFER.includes(scenario.name)) continue;
    if (!different.some((names) => names.test(scenario.name))) checkPyTorch2(scenario);
    else assert.ok(hasDifference(scenario), `${scenario.name} is as in 1.13`);
  }
});

test("has all scenarios", () => {
  assert.is(scenarios.length, 480);
});

test.run();
