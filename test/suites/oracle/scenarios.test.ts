// Scenarios of several operations on one optimizer, against what PyTorch computed, bit for bit.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import file from "../../fixtures/data/scenarios.json.gz";
import separate from "../../fixtures/data/separate.json";
import { type Expectation, type Operation, type Scenario, ScenarioRun } from "../../reference/scenario.js";
import { sha256 } from "../../reference/sha256.js";
import { DTYPE, type JsonNumber } from "../../reference/spelling.js";
import { assertSameBits, bytesOf, fromHex } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";

const { scenarios } = file as { scenarios: Scenario[] };
const hashes: Record<string, string[]> = separate.scenarios;
const idOf = ({ dtype, name }: Scenario) => `${dtype}/${name}`;
const byId = new Map(scenarios.map((scenario) => [idOf(scenario), scenario]));

/**
 * In these PyTorch's foreach=True gives something else than foreach=False: it writes into .grad under Nesterov, and
 * updates duplicates in another order. Here the results are those of foreach=False always.
 */
const FOREACH_DIFFERS = [
  "same_grad_reused_nesterov",
  "group_overrides_unvalidated",
  "extreme_exponents_tiny_lr",
  "duplicate_param_in_group",
];

const test = suite("scenarios");

/** The same scenario with foreach=False, from which expectations are taken. */
function single(scenario: Scenario): Scenario {
  return byId.get(idOf(scenario).replace(/foreach$/, "single"))!;
}

function checkFused(run: ScenarioRun, operation: Operation, foreach: boolean | null, where: string): void {
  if (operation.op === "expect") checkAll(run, operation, foreach, where);
  if (operation.op !== "expect_sha") return;
  const hashesOf = (arrays: ArrayBufferView[]) => arrays.map((array) => sha256(bytesOf(array)));
  assert.equal(hashesOf(run.params.map(({ data }) => data)), operation.params_sha256, where);
  const buffers = run.params.map((parameter) => run.optimizer.state.get(parameter)!.momentumBuffer!);
  assert.equal(hashesOf(buffers), operation.buffers_sha256, where);
}

function checkAll(run: ScenarioRun, expected: Expectation, foreach: boolean | null, where: string): void {
  run.params.forEach(({ data, grad, dtype }, i) => {
    assertSameBits(data, fromHex(expected.params[i], dtype), `${where}, parameter ${i}`);
    const gradient = expected.grads[i];
    if (gradient === null) assert.is(grad, null, `${where}, gradient ${i}`);
    else assertSameBits(grad!, fromHex(gradient, dtype), `${where}, gradient ${i}`);
  });
  const { state, param_groups } = run.optimizer.stateDict();
  assert.equal(Object.keys(state), Object.keys(expected.state), `${where}, keys of state`);
  for (const [id, { momentum_buffer: hex }] of Object.entries(expected.state)) {
    const buffer = state[Number(id)].momentum_buffer;
    if (hex === null || buffer === null) assert.is(buffer, hex, `${where}, buffer ${id}`);
    else assertSameBits(buffer.data as Float32Array, fromHex(hex, buffer.dtype as "float32"), `${where}, buffer ${id}`);
  }
  assert.equal(
    param_groups,
    expected.param_groups.map((group) => revived({ ...group, foreach })),
    `${where}, groups`,
  );
}

/** JSON has no infinities: they are strings there. */
function revived(group: Record<string, unknown>): Record<string, unknown> {
  const number = (value: unknown) => (/^(-?Infinity|NaN)$/.test(String(value)) ? Number(value as JsonNumber) : value);
  return Object.fromEntries(Object.entries(group).map(([key, value]) => [key, number(value)]));
}

for (const scenario of scenarios) {
  test(`${idOf(scenario)} gives PyTorch's bits`, () => {
    const warn = console.warn;
    console.warn = () => {};
    try {
      const run = new ScenarioRun(scenario);
      const expected = single(scenario);
      let expectations = 0;
      expected.ops.forEach((operation, i) => {
        const where = `${idOf(scenario)}, operation ${i}`;
        run.perform(operation);
        if (!operation.op.startsWith("expect")) return;
        if (rounding === "fused") checkFused(run, operation, scenario.foreach, where);
        else assert.is(run.stateHash(), hashes[idOf(expected)][expectations], where);
        expectations++;
      });
      assert.ok(expectations > 0);
      for (const { data } of run.params) record(`scenario ${idOf(scenario)}`, data);
    } finally {
      console.warn = warn;
    }
  });
}

test("the keys of saved groups are in PyTorch's order", () => {
  const scenario = byId.get("f32/group_overrides_unvalidated/single")!;
  const run = new ScenarioRun(scenario);
  run.perform(scenario.ops[0]);
  const expected = scenario.ops.find((operation) => operation.op === "expect")!;
  assert.equal(
    run.optimizer.stateDict().param_groups.map((group) => Object.keys(group)),
    expected.param_groups.map((group) => Object.keys(group)),
  );
});

test("the fixture has every scenario with and without foreach, and differences only where they are known", () => {
  assert.ok(scenarios.length >= 100);
  const differing = new Set<string>();
  for (const scenario of scenarios) {
    const plain = (ops: Operation[]) => JSON.stringify(ops, (key, value) => (key === "foreach" ? null : value));
    if (plain(scenario.ops) !== plain(single(scenario).ops)) differing.add(scenario.name.split("/")[0]);
  }
  assert.equal([...differing], FOREACH_DIFFERS);
});

test("the fixture's element types are those of parameters", () => {
  for (const { dtype } of scenarios) assert.ok(dtype in DTYPE);
});

test.run();
