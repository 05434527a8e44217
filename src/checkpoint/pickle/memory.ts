// The opcodes of the stack and the memo, and of what frames a pickle.

import { fail } from "../io/error.js";
import type { Machine, Opcodes } from "./machine.js";
import * as op from "./opcodes.js";

export const MEMORY_OPCODES: Opcodes = {
  [op.PUT]: (machine) => machine.stack.put(parseIndex(machine)),
  [op.BINPUT]: ({ stack, cursor }) => stack.put(cursor.uint(1)),
  [op.LONG_BINPUT]: ({ stack, cursor }) => stack.put(cursor.uint(4)),
  [op.MEMOIZE]: ({ stack }) => stack.memoize(),
  [op.GET]: (machine) => machine.stack.get(parseIndex(machine)),
  [op.BINGET]: ({ stack, cursor }) => stack.get(cursor.uint(1)),
  [op.LONG_BINGET]: ({ stack, cursor }) => stack.get(cursor.uint(4)),

  [op.MARK]: ({ stack }) => stack.mark(),
  [op.POP]: ({ stack }) => void stack.pop(),
  [op.POP_MARK]: ({ stack }) => void stack.popMark(),
  [op.DUP]: ({ stack }) => stack.push(stack.top),

  [op.PROTO]: ({ cursor }) => {
    const version = cursor.uint(1);
    if (version > 5) fail(`pickle protocol ${version}; 0 to 5 are read`);
  },
  // A hint for readers of streams: what it frames follows as it would without it.
  [op.FRAME]: ({ cursor }) => void cursor.uint(8),
};

function parseIndex({ cursor }: Machine): number {
  const text = cursor.textLine();
  return /^\d{1,10}$/.test(text) ? Number(text) : fail("no number of the memo");
}
