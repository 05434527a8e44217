// The opcodes of globals and of what they make.

import type { Machine, Opcodes } from "./machine.js";
import { Dict, expect, Global, Instance, isAttributes, type Node, Tensor, Tuple, typeName } from "./nodes.js";
import * as op from "./opcodes.js";

export const OBJECT_OPCODES: Opcodes = {
  [op.GLOBAL]: (machine) => {
    const module = machine.cursor.textLine();
    global(module, machine.cursor.textLine(), machine);
  },
  [op.STACK_GLOBAL]: (machine) => {
    const [module, name] = machine.stack.popLast(2);
    global(module, name, machine);
  },
  [op.INST]: (machine) => {
    const args = machine.stack.popMark();
    const module = machine.cursor.textLine();
    global(module, machine.cursor.textLine(), machine);
    call(machine.stack.pop(), new Tuple(args), undefined, machine);
  },
  [op.OBJ]: (machine) => {
    const [target, ...args] = machine.stack.popMark();
    call(target, new Tuple(args), undefined, machine);
  },
  [op.REDUCE]: callTop,
  [op.NEWOBJ]: callTop,
  [op.NEWOBJ_EX]: (machine) => {
    const [target, args, keywords] = machine.stack.popLast(3);
    call(target, args, keywords, machine);
  },
  [op.BINPERSID]: ({ stack, cursor, options }) => stack.build(options.findPersistent(stack.pop(), cursor.where)),
  [op.BUILD]: build,
};

function global(module: Node, name: Node, machine: Machine): void {
  const { stack, cursor, options } = machine;
  if (typeof module !== "string" || typeof name !== "string") {
    machine.cursor.fail(`a global is named by ${typeName(module)} and ${typeName(name)}`);
  }
  stack.build(options.findGlobal(`${PYTHON_2_MODULES[module] ?? module}.${name}`, cursor.where));
}

/** Modules of Python 2 by what they are called since; `torch.save` still writes these names. */
const PYTHON_2_MODULES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  __builtin__: "builtins",
  copy_reg: "copyreg",
};

function callTop(machine: Machine): void {
  const [target, args] = machine.stack.popLast(2);
  call(target, args, undefined, machine);
}

function call(node: Node | undefined, args: Node, keywords: Node | undefined, { stack, cursor, options }: Machine) {
  const { where } = cursor;
  const target = expect(node, Global, "what is called", where);
  const given = expect(args, Tuple, `what ${target.name} is called with`, where);
  const named = keywords === undefined ? undefined : expect(keywords, Dict, "keyword arguments", where);
  if (target.known.call === undefined) {
    stack.build(new Instance(target, given, named, where));
    return;
  }
  if (named !== undefined && named.items.size > 0) cursor.fail(`${target.name} takes no keyword arguments`);
  const charge = (bytes: number, what: string) => options.budget.charge(bytes, what, where);
  stack.build(target.known.call(given.items, { target, where, charge }));
}

/** The attributes of dicts and tensors, such as `_metadata` of a model's state dict, are dropped. */
function build({ stack, cursor }: Machine): void {
  const state = stack.pop();
  const { top } = stack;
  if (top instanceof Instance) {
    top.state = state;
    return;
  }
  if (!(top instanceof Dict || top instanceof Tensor)) cursor.fail(`${typeName(top)} cannot have attributes`);
  if (!isAttributes(state)) cursor.fail(`the attributes of ${typeName(top)} must be a dict, not ${typeName(state)}`);
}
