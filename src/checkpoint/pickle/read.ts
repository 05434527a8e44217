import { CONTAINER_OPCODES } from "./containers.js";
import { Cursor } from "./cursor.js";
import type { Machine, Opcodes, PickleOptions } from "./machine.js";
import type { Node } from "./nodes.js";
import { OBJECT_OPCODES } from "./objects.js";
import { STOP } from "./opcodes.js";
import { Stack } from "./stack.js";
import { VALUE_OPCODES } from "./values.js";

const OPCODES: Opcodes = { ...VALUE_OPCODES, ...CONTAINER_OPCODES, ...OBJECT_OPCODES };

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
  const stack = new Stack(cursor, options.budget);
  const machine: Machine = { cursor, stack, options };
  for (;;) {
    const code = cursor.opcode();
    if (code === STOP) return { value: stack.pop(), length: cursor.at };
    const run = OPCODES[code];
    if (run === undefined) {
      cursor.fail(`opcode 0x${code.toString(16).padStart(2, "0")} is none that a pickle of a checkpoint has`);
    }
    run(machine);
  }
}
