// The opcodes of globals and of what they make.

import { fail } from "../io/error.js";
import type { Machine, Opcodes } from "./machine.js";
import {
  callGlobal,
  checkAttributes,
  Dict,
  expect,
  Global,
  Instance,
  type Node,
  Tensor,
  Tuple,
  typeName,
} from "./nodes.js";
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

function global(module: Node, name: Node, { stack, cursor, options }: Machine): void {
  if (typeof module !== "string" || typeof name !== "string") {
    fail(`a global is named by ${typeName(module)} and ${typeName(name)}`);
  }
  // `torch.save` still writes the module's name in Python 2.
  const known = module === "__builtin__" ? "builtins" : module;
  stack.build(options.findGlobal(`${known}.${name}`, cursor.where));
}

function callTop(machine: Machine): void {
  const [target, args] = machine.stack.popLast(2);
  call(target, args, undefined, machine);
}

function call(node: Node | undefined, args: Node, keywords: Node | undefined, { stack, cursor, options }: Machine) {
  const charge = (bytes: number, what: string) => options.budget.charge(bytes, what);
  const result = callGlobal(expect(node, Global), expect(args, Tuple), { where: cursor.where, charge });
  if (keywords !== undefined && expect(keywords, Dict).items.size > 0) {
    if (!(result instanceof Instance)) fail("keyword arguments are not known");
    result.keywords = keywords;
  }
  stack.build(result);
}

/** The attributes of dicts and tensors, such as `_metadata` of a model's state dict, are dropped. */
function build({ stack }: Machine): void {
  const state = stack.pop();
  const { top } = stack;
  if (top instanceof Instance) top.state = state;
  else if (top instanceof Dict || top instanceof Tensor) checkAttributes(state);
  else fail(`${typeName(top)} cannot have attributes`);
}
