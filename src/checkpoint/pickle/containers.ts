// The opcodes of lists, tuples, dicts and sets.

import { fail } from "../io/error.js";
import type { Machine, Opcodes } from "./machine.js";
import { Dict, expect, expectKey, Instance, List, type Node, PySet, Tuple } from "./nodes.js";
import * as op from "./opcodes.js";

export const CONTAINER_OPCODES: Opcodes = {
  [op.EMPTY_LIST]: ({ stack }) => stack.build(new List()),
  [op.EMPTY_DICT]: ({ stack }) => stack.build(new Dict()),
  [op.EMPTY_SET]: ({ stack }) => stack.build(new PySet()),
  [op.EMPTY_TUPLE]: ({ stack }) => stack.build(new Tuple([])),
  [op.TUPLE1]: ({ stack }) => stack.build(new Tuple(stack.popLast(1))),
  [op.TUPLE2]: ({ stack }) => stack.build(new Tuple(stack.popLast(2))),
  [op.TUPLE3]: ({ stack }) => stack.build(new Tuple(stack.popLast(3))),
  [op.TUPLE]: ({ stack }) => stack.build(new Tuple(stack.popMark())),
  [op.LIST]: (machine) => {
    const items = machine.stack.popMark();
    machine.stack.build(new List());
    append(items, machine);
  },
  [op.DICT]: (machine) => {
    const items = machine.stack.popMark();
    machine.stack.build(new Dict());
    setItems(items, machine);
  },
  [op.FROZENSET]: (machine) => {
    const items = machine.stack.popMark();
    machine.stack.build(new PySet());
    addItems(items, machine);
  },
  [op.APPEND]: (machine) => append([machine.stack.pop()], machine),
  [op.APPENDS]: (machine) => append(machine.stack.popMark(), machine),
  [op.SETITEM]: (machine) => setItems(machine.stack.popLast(2), machine),
  [op.SETITEMS]: (machine) => setItems(machine.stack.popMark(), machine),
  [op.ADDITEMS]: (machine) => addItems(machine.stack.popMark(), machine),
};

function append(items: Node[], { stack }: Machine): void {
  const { top } = stack;
  const list = top instanceof Instance ? top.list : expect(top, List);
  for (const item of items) list.items.push(item);
}

function setItems(items: Node[], { stack }: Machine): void {
  const { top } = stack;
  const dict = top instanceof Instance ? top.dict : expect(top, Dict);
  if (items.length % 2 === 1) fail("a key without a value");
  for (let i = 0; i < items.length; i += 2) {
    dict.items.set(expectKey(items[i]), items[i + 1] as Node);
  }
}

function addItems(items: Node[], { stack }: Machine): void {
  const set = expect(stack.top, PySet);
  for (const item of items) set.items.add(expectKey(item));
}
