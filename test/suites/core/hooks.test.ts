// Hooks: order, arguments, return values and errors of PyTorch 2, from the events that it logged.

import { createEngine, type HookHandle, SGD, type StateDict } from "sgd-wasm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import file from "../../fixtures/data/hooks.json";
import { toHex } from "../../support/bits.js";

interface Operation {
  op: string;
  on: string;
  name: string;
  prepend?: boolean;
  does?: string;
  value?: unknown;
  key?: string;
  lr?: number;
  closure?: boolean;
  wrong?: boolean;
}
type Result = Record<string, unknown> & { error?: string; events: unknown[] };
// biome-ignore lint/suspicious/noExplicitAny: hooks of every kind, with wrong results among them
type AnyHook = (...args: any[]) => any;

const scenarios = file.scenarios as unknown as { name: string; ops: Operation[]; result: Result[] }[];
/** Not offered: hooks for all optimizers. */
const GLOBAL = ["gpre", "gpost"];
/** PyTorch refuses a list that changes while it is called; here what changes counts from the next call on. */
const CHANGES_LIST = ["removes_itself_first", "registers_another", "registers_another_before_others"];
const test = suite("hooks");

/** Runs a scenario as the program did that logged the events. */
class Run {
  readonly parameter = createEngine().parameter(2, { data: [1, 2] });
  readonly optimizer = new SGD([this.parameter], { lr: file.lr, momentum: file.momentum });
  readonly start: StateDict = this.optimizer.stateDict();
  readonly handles = new Map<string, HookHandle>();
  log: unknown[] = [];

  constructor() {
    this.parameter.grad = [1, 1];
  }

  hook(op: Operation): AnyHook {
    return (...args) => {
      const event: unknown[] = [op.name];
      if (op.on.startsWith("step")) {
        const steps = this.parameter.data[0] === 1 ? "before" : "after a step";
        event.push({ arguments: args[1].length - 1, closure: typeof args[1][1] === "function", steps });
        assert.is(args[1][0], this.optimizer);
        assert.type(args[2], "object");
      } else if (args.length > 1) {
        event.push({ keys: Object.keys(args[1]).sort() });
      }
      assert.is(args[0], this.optimizer);
      this.log.push(event);
      return this.#effect(op, args);
    };
  }

  #effect(op: Operation, args: AnyHook[]): unknown {
    const closure = () => {
      this.log.push([`closure of ${op.name}`]);
      return 42;
    };
    const effects: Record<string, () => unknown> = {
      throw: () => {
        throw new Error(op.name);
      },
      remove_itself: () => this.handles.get(op.name)!.remove(),
      register: () => {
        const late = this.hook({ op: "register", on: "step_pre", name: "late" });
        this.handles.set("late", this.optimizer.registerStepPreHook(late));
      },
      replace_closure: () => [[this.optimizer, closure], {}],
      drop_closure: () => [[this.optimizer], {}],
      return: () => op.value,
      add_key: () => void Object.assign(args[1], { [op.key!]: op.value }),
      replace_dict: () => this.dict(op.lr!),
      set_lr: () => void Object.assign(this.optimizer.paramGroups[0], { lr: op.lr }),
    };
    return effects[op.does ?? ""]?.();
  }

  dict(lr: number): StateDict {
    const dict = structuredClone(this.start);
    dict.param_groups[0].lr = lr;
    return dict;
  }

  perform(op: Operation): object {
    const { optimizer } = this;
    const hook = this.hook(op);
    const register: Record<string, (options?: { prepend: boolean }) => HookHandle> = {
      step_pre: () => optimizer.registerStepPreHook(hook),
      step_post: () => optimizer.registerStepPostHook(hook),
      state_dict_pre: (options) => optimizer.registerStateDictPreHook(hook, options),
      state_dict_post: (options) => optimizer.registerStateDictPostHook(hook, options),
      load_pre: (options) => optimizer.registerLoadStateDictPreHook(hook, options),
      load_post: (options) => optimizer.registerLoadStateDictPostHook(hook, options),
    };
    const closure = () => {
      this.log.push(["closure"]);
      return 7;
    };
    const operations: Record<string, () => object> = {
      register: () => {
        this.handles.set(op.name, register[op.on](op.prepend ? { prepend: true } : undefined));
        return {};
      },
      remove: () => {
        this.handles.get(op.name)!.remove();
        return {};
      },
      step: () => ({ returns: (op.closure ? optimizer.step(closure) : optimizer.step()) ?? null }),
      state_dict: () => {
        const dict = optimizer.stateDict();
        return { keys: Object.keys(dict).sort(), lr: dict.param_groups[0].lr };
      },
      load: () => {
        const dict = this.dict(op.lr ?? 0.5);
        if (op.wrong) dict.param_groups.push(dict.param_groups[0]);
        const keys = Object.keys(dict);
        optimizer.loadStateDict(dict);
        return { caller_unchanged: keys.join() === Object.keys(dict).join() };
      },
    };
    return operations[op.op]();
  }

  /** What the operation gave, with the events since the one before. */
  result(op: Operation): object {
    this.log = [];
    let result: Record<string, unknown>;
    try {
      result = { ...this.perform(op) };
    } catch (error) {
      result = { error: true, message: (error as Error).message };
    }
    result.lr ??= this.optimizer.paramGroups[0].lr;
    return { ...result, p0: toHex(this.parameter.data.subarray(0, 1)), events: this.log };
  }
}

for (const { name, ops, result } of scenarios.filter(({ name: id }) => !CHANGES_LIST.includes(id))) {
  test(name, () => {
    const run = new Run();
    ops.forEach((op, i) => {
      if (GLOBAL.includes(op.name)) return;
      const actual = run.result(op) as Result;
      const events = result[i].events.filter((event) => !GLOBAL.includes((event as string[])[0]));
      const { message, ...outcome } = actual;
      const { message: expected, error, ...rest } = result[i];
      assert.equal(outcome, { ...rest, events, ...(error && { error: true }) }, `operation ${i}`);
      if (error === "Boom" || error === "ValueError") assert.is(message, expected);
      if (error === "RuntimeError")
        assert.match(String(message), /^a step pre-hook must return nothing or a pair \[args, options\]/);
    });
  });
}

test("a list that changes while it is called counts from the next call on", () => {
  const run = new Run();
  const { optimizer } = run;
  const calls: string[] = [];
  const first = optimizer.registerStepPreHook(() => {
    calls.push("first");
    first.remove();
    optimizer.registerStepPreHook(() => void calls.push("late"));
  });
  optimizer.registerStepPreHook(() => void calls.push("second"));
  optimizer.step();
  optimizer.step();
  assert.equal(calls, ["first", "second", "second", "late"]);
});

test("hooks see and may replace the options of a step, and a skipped step has no post-hook", () => {
  const run = new Run();
  const { optimizer, parameter } = run;
  const seen: unknown[] = [];
  const handle = optimizer.registerStepPreHook((_, args, options) => [args, { ...options, gradScale: 0.5 }]);
  optimizer.registerStepPostHook((_, args, options) => void seen.push([args.length, options]));
  assert.equal(optimizer.step({ maxGradNorm: 10 }), { gradNorm: Math.fround(Math.sqrt(0.5)), skipped: false });
  assert.equal(optimizer.step(), { gradNorm: null, skipped: false } as never);
  handle.remove();
  handle[Symbol.dispose]();
  parameter.grad = [Number.NaN, 1];
  assert.equal(optimizer.step({ skipNonfinite: true }), { gradNorm: null, skipped: true });
  assert.equal(seen, [
    [1, { maxGradNorm: 10, gradScale: 0.5 }],
    [1, { gradScale: 0.5 }],
  ]);
});

test("what is no hook is refused", () => {
  const { optimizer } = new Run();
  assert.throws(() => optimizer.registerStepPreHook(3 as never), /a hook must be a function, got number/);
  assert.throws(
    () => optimizer.registerStateDictPreHook(() => {}, { first: true } as never),
    /a hook has no option 'first'/,
  );
});

test.run();
