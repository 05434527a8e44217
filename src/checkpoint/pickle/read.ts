import { fail, placed } from "../io/error.js";
import { CONTAINER_OPCODES } from "./containers.js";
import { Cursor } from "./cursor.js";
import type { Machine, Opcodes, PickleOptions } from "./machine.js";
import { MEMORY_OPCODES } from "./memory.js";
import type { Node } from "./nodes.js";
import { OBJECT_OPCODES } from "./objects.js";
import { STOP } from "./opcodes.js";
import { Stack } from "./stack.js";
import { VALUE_OPCODES } from "./values.js";

const OPCODES: Opcodes = { ...MEMORY_OPCODES, ...CONTAINER_OPCODES, ...OBJECT_OPCODES };

export interface Unpickled {
  value: Node;
  /** Bytes from the start to behind STOP. */
  length: number;
}

/**
 * Runs one pickle on a stack of its own, without recursion. Throws `TruncatedError` when the bytes end before it does.
 */
export function unpickle(bytes: Uint8Array, options: PickleOptions): Unpickled {
  const cursor = new Cursor(bytes, options.base);
  const machine: Machine = { cursor, stack: new Stack(options.budget), options };
  try {
    for (;;) {
      const code = cursor.opcode();
      if (code === STOP) return { value: machine.stack.pop(), length: cursor.at };
      run(code, machine);
    }
  } catch (error) {
    // Opcodes do not say where they are: the cursor knows.
    return placed(cursor.where, error);
  }
}

function run(code: number, machine: Machine): void {
  const { cursor, stack, options } = machine;
  const value = VALUE_OPCODES[code];
  const opcode = OPCODES[code];
  if (value !== undefined) {
    stack.push(value(cursor, options));
    return;
  }
  if (opcode === undefined) fail(`opcode 0x${code.toString(16).padStart(2, "0")} is not known`);
  opcode(machine);
}
